"""Whether an answer has what its question requires: facts, nothing forbidden, the panel, the degree of declining.

Requirements are the phrases of the question file, or the short forms ``fact:STEM``, ``arm:KEY``, ``ahead:KEY``,
``number:8.3``, ``name:TEXT``, ``word:A|B``. A phrase nobody has taught this file fails, it never passes silently.
"""

import re

from lib.copilot.lexicon import fold
from lib.copilot.question import language_of
from lib.wording import bare_name

NUMBER = re.compile(r"[+−-]?\d[\d.,\u202f\u00a0 ]*\d|\d")
AHEAD = (
    r"ahead|in front|better|vorn|liegt vor|besser|en tete|devant|meilleur|delante|en cabeza|mejor"
)
SAID_PHRASES = {
    "significance now": ("fact:evidence|call_evidence",),
    "current value": ("fact:evidence|call_evidence",),
    "days": (r"word:\d+ (?:more )?(?:days?|tage?n?|jours?|dias?)\b|already|\bover\b|passed|no more waiting",),
    "visitors needed or visitors per day": ("fact:n_per_day|more_low|plan_missing",),
    "risk of a wrong call": ("fact:ship_worse|wrong", "word:risk|risiko|risque|riesgo"),
    "interval of the lift": ("fact:lift_low|lift_high",),
    "10 days": (r"word:\b10 (?:days|tage|jours|dias)",),
    "about 2,700 more visitors": ("number:2700", "fact:n_more"),
    "sample ratio problem": ("word:split|planned|do not read", "fact:share"),
    "expected a third": (r"word:a third|33[.,]3|ein drittel|un tiers|un tercio",),
    "four running": (r"word:\b4 (?:experiments|experimente|tests|experimentos)",),
    "meaning in the method used": ("word:always-valid|jederzeit gultig|toujours valide|siempre valido",),
    "read-only": ("word:read-only|nur lesen|lecture seule|solo leo",),
    "a dated snapshot, or that none exists that far back": (
        "word:reading|messung|lecture|lectura",
        r"word:\d{1,2}:\d\d|that far back|so weit zuruck|aussi loin|tan antigua",
    ),
    "what it can help with": ("word:help with|ich helfe|j'aide|ayudo",),
    "bar already passed, or days left by the project's rule": (
        r"word:uberschritten|\d+ tage?|geplante zeit ist um|bewiesen",
    ),
}  # fmt: skip
FORBIDDEN = {
    "claiming certainty": r"\bcertainly\b|\bdefinitely\b|\bguaranteed\b|\bsicher ist\b|will win\b",
    "invented values": r"(?!)",  # looked at for every answer, see ``unverified``
    "numbers that differ from the cards": r"(?!)",  # as above
    "a forecast of the weather": r"\brain\w*|\bsunny\b|\bdegrees\b|°",
}


def problems(question, got, view_of, experiments):
    """What is wrong with an answer, as sentences; empty when it passes.

    Args:
        question: an entry of the question file.
        got: mapping with text, facts (records), panel (mapping or None) and decline (None: not known).
        view_of: gives the view of an experiment by its id.
        experiments: everything that exists.
    """
    said = fold(got["text"].replace("\\", ""))
    found = [p for need in question["facts_required"] for p in _missing(need, got, said)]
    for taboo in question.get("must_not", ()):
        found += _forbidden(taboo, question, got, said, experiments)
    if question.get("embed_dashboard") != (bool(got["panel"]) and got["panel"]["kind"] == "live"):
        found.append(f"panel: {got['panel']}")
    if got["decline"] is not None and got["decline"] != question["decline"]:
        found += _decline(question, got)
    if language_of(got["text"], question["lang"]) != question["lang"]:
        found.append("the answer is in another language")
    return found + unverified(got, view_of)


def _decline(question, got):
    """A gap that turns out to be none may be answered in full, a dated reading is either."""
    if (
        question["decline"] == "partial"
        and got["decline"] == "none"
        and question.get("may_answer", True)
    ):
        return []
    return [f"declines {got['decline']}, expected {question['decline']}"]


def _missing(need, got, said):
    for one in SAID_PHRASES[need] if need in SAID_PHRASES else (_short(need),):
        kind, _, value = one.partition(":")
        if not CHECKS[kind](value, got, said):
            yield f"missing: {need} ({one})"


def _short(need):
    """The short form of a requirement in plain words."""
    if re.match(r"(?:fact|arm|ahead|number|name|word):", need):
        return need
    ahead = re.fullmatch(r"([\w-]+) (?:slightly )?ahead", need)
    if ahead:
        return f"ahead:{ahead[1]}"
    if re.fullmatch(r"[+−-]?[\d.,]+ ?%?", need):
        return f"number:{need.strip(' %+').replace(',', '')}"
    if re.fullmatch(r"[\w-]+", need):
        return f"arm:{need}"
    raise AssertionError(f"teach the checker what is meant by {need!r}")


def _has_fact(stems, got, _said):
    ids = {re.sub(r"^.*:", "", f["id"]).split(".")[0] for f in got["facts"]}
    return bool(ids & set(stems.split("|")))


def _has_number(value, got, _said):
    wanted = float(value)
    return any(abs(abs(n) - abs(wanted)) <= _rounding(wanted, n) for n in numbers_of(got["text"]))


def _rounding(wanted, said):
    """Half of the last printed digit, or of the wanted one, whichever is coarser."""
    digits = len(repr(wanted).partition(".")[2].rstrip("0")) if wanted % 1 else 0
    return 0.5 * 10.0**-digits + 1e-9 if said % 1 or not wanted % 1 else 0.5


def numbers_of(text):
    """Numbers of a text in any of the four notations."""
    found = []
    for raw in re.findall(r"\d+(?:[.,\u202f\u00a0]\d+)*", text):
        for group, point in ((",", "."), (".", ","), ("\u202f", ","), ("\u00a0", ",")):
            plain = raw.replace(group, "").replace(point, ".")
            if plain.count(".") <= 1:
                found.append(float(plain))
    return found


CHECKS = {
    "fact": _has_fact,
    "number": _has_number,
    "arm": lambda key, got, said: re.search(rf"\b{re.escape(fold(key))}\b", said),
    "ahead": lambda key, got, said: re.search(
        rf"\b{re.escape(fold(key))}\b.{{0,40}}(?:{AHEAD})", said
    ),
    "name": lambda name, got, said: fold(bare_name(name)) in said,
    "word": lambda pattern, got, said: re.search(pattern, said),
}


def _forbidden(taboo, question, got, said, experiments):
    quoted = re.match(r"'([^']+)'", taboo)
    if quoted:
        return [f"says {quoted[1]!r}"] if fold(quoted[1]) in said else []
    if taboo in TABOOS:
        return TABOOS[taboo](got, said, experiments)
    if taboo not in FORBIDDEN:
        raise AssertionError(f"teach the checker what is meant by {taboo!r}")
    return [f"says {taboo}"] if re.search(FORBIDDEN[taboo], said) else []


def _two_arms(got, said, experiments):
    arms = {v.key for e in experiments for v in e.variants}
    return [
        f"arm {a} is missing" for a in arms if not re.search(rf"\b{re.escape(fold(a))}\b", said)
    ]


def _not_running(got, said, experiments):
    return [f"lists {e.name}" for e in experiments if not e.is_running and fold(e.name) in said]


def _english(got, said, experiments):
    return ["answers in English"] if language_of(got["text"], "de") == "en" else []


def _undated(got, said, experiments):
    has_date = any(f["unit"] == "date" for f in got["facts"])
    assumed = re.search(r"assum|suppos|angenommen|supone", said)
    return ["a date without an assumption"] if has_date and not assumed else []


TABOOS = {
    "only two variants": _two_arms,
    "draft or finished ones as running": _not_running,
    "English answer": _english,
    "a date without an assumption": _undated,
}


def unverified(got, view_of):
    """Facts of an answer that differ from what is computed now for the same experiment and metric."""
    wrong = []
    for fact in got["facts"]:
        key = re.fullmatch(r"(?:e\d+:)?(n|rate|conversions)\.(\d+)", fact["id"])
        view = view_of(fact.get("experiment_id"))
        if key is None or view is None or view.primary is None:
            continue
        arm = view.primary.arms[int(key[2])]
        true = {"n": arm.n, "rate": arm.value, "conversions": arm.total}[key[1]]
        if true is None or abs(true - fact["value"]) > 1e-9 * max(1.0, abs(true)):
            wrong.append(f"{fact['id']} is {true}, said {fact['shown']}")
    return wrong
