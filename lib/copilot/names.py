"""Which experiment, which arm a question names: exact names, parts of names, flag keys, ids, small typos.

Called by ``lib.copilot.question`` and the tools. It never guesses: several that fit are all returned, and a name
that fits nothing is returned as unknown.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile

from lib.copilot.lexicon import LANGUAGES, Lexicon, fold, lexicon, words_of
from lib.experiments.model import Experiment

# The same thing in the four languages; a word of one set names an experiment that holds another of the set.
SAME = (
    {"price", "prices", "pricing", "preis", "preise", "preisseite", "prix", "tarif", "tarifs", "precio", "precios"},
    {"search", "suche", "suchergebnis", "recherche", "busqueda", "buscador"},
    {"button", "knopf", "schaltflache", "bouton", "boton"},
    {"checkout", "kasse", "bezahlvorgang", "paiement", "caisse", "pago"},
    {"image", "bild", "imagen", "foto", "photo"},
    {"referral", "empfehlung", "parrainage", "recomendacion"},
    {"ranking", "rangfolge", "classement", "clasificacion"},
    {"onboarding", "einfuhrung", "accueil", "incorporacion"},
    {"signup", "registrierung", "anmeldung", "inscription", "registro"},
    {"homepage", "startseite", "accueil", "inicio"},
    {"email", "mail", "courriel", "correo"},
)  # fmt: skip
ID = re.compile(r"(?:\bexperiment|\btest|\bid|#)[\s:_-]*(?:nr\.?|no\.?|number|n°)?\s*#?(\d{1,9})\b")

COMPOUND = re.compile(r"(\w{3,})(?:tests?|experimente?|experiments|versuche?s?)")


@dataclass(frozen=True, slots=True)
class Mention:
    """What a question says about which experiment.

    ``fits``: every experiment that fits; ``several``: they were named one by one, not one ambiguously;
    ``unknown``: a name that fits none.
    """

    fits: tuple[Experiment, ...] = ()
    several: bool = False
    unknown: str = ""


def find(text: str, experiments: Sequence[Experiment], lex: Lexicon) -> Mention:
    """The experiments a question names."""
    by_id = _by_id(text, experiments)
    if by_id is not None:
        return by_id
    whole = _by_whole_name(text, experiments)
    if whole:
        return Mention(fits=whole, several=len({_key(e) for e in whole}) == len(whole) > 1)
    return _by_words(text, experiments, lex)


def _key(experiment: Experiment) -> str:
    return " ".join(words_of(experiment.name))


def _by_id(text: str, experiments: Sequence[Experiment]) -> Mention | None:
    said = fold(text)
    flags = [e for e in experiments if e.flag_key and re.search(_whole(fold(e.flag_key)), said)]
    if flags and any(not e.flag_key.isalpha() for e in flags):
        longest = max(len(e.flag_key) for e in flags)
        return Mention(fits=tuple(e for e in flags if len(e.flag_key) == longest))
    match = ID.search(said)
    if match is None:
        return None
    if any(re.search(_whole(match.group(0)), fold(e.name)) for e in experiments):
        return None  # "Test 2" is a name here
    fits = tuple(e for e in experiments if e.id == int(match.group(1)))
    return Mention(fits=fits) if fits else Mention(unknown=match.group(0).strip())


def _whole(part: str) -> str:
    return rf"(?<![\w-]){re.escape(part)}(?![\w-])"


def _by_whole_name(text: str, experiments: Sequence[Experiment]) -> tuple[Experiment, ...]:
    said = f" {' '.join(words_of(text))} "
    hits = [(e, name) for e in experiments if (name := _key(e)) and f" {name} " in said]
    hits = [
        (e, name)
        for e, name in hits
        if not any(name != other and f" {name} " in f" {other} " for _, other in hits)
        and not all(word in _stop() for word in name.split())
    ]
    return tuple(e for e, _ in hits)


@cache
def _stop() -> frozenset[str]:
    return frozenset().union(*(lexicon(code).stop for code in LANGUAGES))


def _by_words(text: str, experiments: Sequence[Experiment], lex: Lexicon) -> Mention:
    asked = [w for w in _said_words(text) if w not in _stop() and not w.isdigit()]
    hits = {e.id: _matched(asked, e) for e in experiments}
    best = max((len(h) for h in hits.values()), default=0)
    if best == 0:
        return Mention(unknown=_unknown(text, experiments, lex))
    apart = [e for e in experiments if hits[e.id]]
    words = [hits[e.id] for e in apart]
    if len(apart) > 1 and all(a.isdisjoint(b) for i, a in enumerate(words) for b in words[:i]):
        return Mention(fits=tuple(apart), several=True)
    fits = [e for e in apart if len(hits[e.id]) == best]
    complete = [e for e in fits if _content(e.name) and _content(e.name) <= hits[e.id]]
    return Mention(fits=tuple(complete if len(complete) == 1 else fits))


def _said_words(text: str) -> list[str]:
    """The words of a question, and the first part of German compounds: "Preistest" is "preis" too."""
    words = words_of(text)
    return words + [w for word in words if (w := _without_test(word)) != word]


def _without_test(word: str) -> str:
    match = COMPOUND.fullmatch(word)
    return match.group(1) if match else word


def _content(name: str) -> set[str]:
    return {w for w in words_of(name) if w not in _stop() and len(w) > 1}


def _matched(asked: Sequence[str], experiment: Experiment) -> set[str]:
    """The words of an experiment's name and flag that the question uses."""
    own = _content(experiment.name) | _content(experiment.flag_key)
    return {word for word in own if any(_alike(word, said) for said in asked)}


def _alike(word: str, said: str) -> bool:
    if word == said or any(word in same and said in same for same in SAME):
        return True
    if min(len(word), len(said)) < 4:
        return False
    if said.startswith(word) or (word.startswith(said) and len(said) >= 0.6 * len(word)):
        return True
    if word in said and len(word) >= 5:  # compounds: "checkouttest"
        return True
    return len(word) >= 5 and difflib.SequenceMatcher(None, word, said).ratio() >= 0.83


def _unknown(text: str, experiments: Sequence[Experiment], lex: Lexicon) -> str:
    """A name in the question that fits nothing: the words beside "test", or after "results for"."""
    said = fold(text).rstrip(" ?!.")
    arms = arm_words(experiments)
    before = rf"((?:[\w'-]+ )*[\w'-]+)[ -](?:{lex.test.pattern})\b"
    behind = [lex.about.pattern, *([lex.test.pattern] if lex.code in {"fr", "es"} else [])]
    after = [rf"\b(?:{words}) ((?:[\w'-]+ ?)+)" for words in behind]
    for pattern, step in ((before, -1), *((one, 1) for one in after)):
        for match in re.finditer(pattern, said):
            near = words_of(match.group(1))[::step]
            name = list(takewhile(lambda w: _may_name(w, arms, lex), near))[:4]
            if name:
                return " ".join(name[::step])
    compounds = [w for word in words_of(text) if (w := _without_test(word)) != word]
    return next((w for w in compounds if _may_name(w, arms, lex)), "")


def arm_words(experiments: Sequence[Experiment]) -> set[str]:
    """Every word in the keys and names of arms."""
    return {w for e in experiments for v in e.variants for w in words_of(f"{v.key} {v.name}")}


def _may_name(word: str, arms: set[str], lex: Lexicon) -> bool:
    if len(word) < 3 or word.isdigit() or word in arms or word in _stop() or word in lex.numbers:
        return False
    return not lex.knows(word)


def arms_in(text: str, experiment: Experiment, lex: Lexicon) -> tuple[str, ...]:
    """Keys of the arms a question names, in the order of the experiment."""
    said = f" {' '.join(words_of(text))} "
    found = []
    for place, arm in enumerate(experiment.variants):
        names = {" ".join(words_of(n)) for n in (arm.key, arm.name)} - {""}
        named = any(f" {n} " in said for n in names if n not in {"test", "a", "an"})
        if arm.key.lower() in {"test", "a"}:
            named = bool(
                re.search(
                    rf"\b(?:{lex.arm.pattern}) {arm.key.lower()}\b|\b{arm.key} (?:{lex.arm.pattern})\b",
                    fold(text),
                )
            )
        if place == 0 and lex.baseline.search(fold(text)):
            named = True
        if named:
            found.append(arm.key)
    return tuple(found)
