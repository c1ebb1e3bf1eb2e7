"""How many false numbers the check finds and how many true ones it lets pass. Run: python -m tests.bench.number_check.

True answers come from hand-written templates, several files of them; each file's first lines tell whether the check was
ever tuned on it, and its first result. Each is filled with computed facts of simulated experiments, then one number,
sign, unit, arm, measured thing, direction, date or claim is turned round, or two numbers change places. An answer counts
as shown when every sentence of it passes the gate that stands before the reader, ``Draft``. Prints precision and recall
by kind of change; exits with 1 when a target is missed.
"""

import argparse
import random
import re
import sys
from collections import Counter
from itertools import combinations
from pathlib import Path

from lib.copilot.draft import Draft
from tests.bench.answer_worlds import NUMBER_WORDS, printed, world

HERE = Path(__file__).parent / "answers"
FILES = (
    "fresh",
    "last",
    "held_out",
    "tuned",
    "chats",
    "more",
    "wide",
    "second",
    "sealed",
    "unseen",
    "fourth",
)
TOKEN = re.compile(r"\{([\w.:-]+):(\w+)\}|\[(\w):([^/\]]*)/([^\]]*)\]")
KINDS = {"a": "arm", "d": "direction", "u": "unit", "m": "metric", "n": "claim"}
DATES = {"date", "md", "iso", "dmy", "clock"}
SIGNED = {"s0", "s1", "s2"}
TARGETS = {"caught": 1.0, "passed": 0.90}


def parts_of(template, here):
    """A template as pieces: (text, kind, form of a number or false text)."""
    parts, last = [], 0
    for m in TOKEN.finditer(template):
        parts.append((template[last : m.start()], "", ""))
        if m[1]:
            if m[1] not in here.facts:
                return None
            shown = printed(here.facts[m[1]], m[2], here.lang)
            parts.append((shown, "date" if m[2] in DATES else "number", m[2]))
        elif m[3] == "a":
            parts.append((here.arms[int(m[4])], "arm", here.arms[int(m[5])]))
        else:
            parts.append((m[4], KINDS[m[3]], m[5]))
        last = m.end()
    return [*parts, (template[last:], "", "")]


def corrupted(parts, kind, lang, rng):
    """One part turned round, or two numbers exchanged; None when the answer has no such part."""
    if kind == "swap":
        return _swapped(parts, rng)
    if kind == "sign":
        return _flipped(parts, rng)
    pool = [i for i, (_, sort, _f) in enumerate(parts) if sort == kind]
    if not pool:
        return None
    i = rng.choice(pool)
    text, _, false = parts[i]
    if kind == "arm":  # every mention of the two arms changes places, else one arm is named twice
        swap = {text: false, false: text}
        return "".join(swap.get(t, t) if k == "arm" else t for t, k, _ in parts)
    if kind in {"number", "date"}:
        false = changed_number(text, false, lang, rng)
    return "".join(false if place == i else t for place, (t, _k, _f) in enumerate(parts))


def _flipped(parts, rng):
    pool = [
        i for i, (t, k, f) in enumerate(parts) if k == "number" and f in SIGNED and t[0] in "+−"
    ]
    if not pool:
        return None
    i = rng.choice(pool)
    flipped = {"+": "−", "−": "+"}[parts[i][0][0]] + parts[i][0][1:]
    return "".join(flipped if place == i else t for place, (t, _k, _f) in enumerate(parts))


def _swapped(parts, rng):
    numbers = [i for i, (_, sort, _f) in enumerate(parts) if sort in {"number", "date"}]
    pairs = [
        (i, j)
        for i, j in combinations(numbers, 2)
        if parts[i][2][0] == parts[j][2][0] and parts[i][0] != parts[j][0]
    ]
    if not pairs:
        return None
    i, j = rng.choice(pairs)
    texts = [t for t, _k, _f in parts]
    texts[i], texts[j] = texts[j], texts[i]
    return "".join(texts)


def changed_number(shown, form, lang, rng):
    """The number with one digit changed, a step in its last place, or a wrong size."""
    if form == "o":
        return _changed_odds(shown, rng)
    if form == "iso":
        return shown[:-2] + f"{(int(shown[-2:]) + rng.randint(1, 9)) % 27 + 1:02d}"
    if form in DATES:
        day = re.search(r"\d+", shown)[0]
        return shown.replace(day, str((int(day) + rng.randint(1, 9)) % 27 + 1).zfill(len(day)), 1)
    if form == "dw":
        words = NUMBER_WORDS[lang].split()
        return rng.choice([w for w in words[2:] if w != shown])
    digits = [i for i, c in enumerate(shown) if c.isdigit()]
    while form == "ab" and len(digits) > 1 and shown[digits[-1]] == "0":
        digits.pop()  # the zeros of a round number are no digits one would get wrong
    for _ in range(40):
        place = digits[-1] if rng.random() < 0.4 else rng.choice(digits)
        new = (int(shown[place]) + rng.choice((1, 9, 2, 8))) % 10
        made = shown[:place] + str(new) + shown[place + 1 :]
        if not (place == digits[0] and new == 0) and made != shown:
            return made
    return shown.replace(shown[digits[-1]], "7")


def _changed_odds(shown, rng):
    found = re.findall(r"\d+", shown)
    if not found:
        return "1 in 9"
    k, n = found
    if int(k) == 1:
        return shown.replace(n, str(int(n) + rng.choice((1, 2, 3))))
    return shown.replace(k, str(int(k) + (1 if int(k) < 5 else -1)), 1)


def is_shown(text, here):
    """Whether every sentence of an answer passes the gate."""
    return not gate(text, here).bad


def gate(text, here):
    """The answer after the gate."""
    draft = Draft(lang=here.lang, question="", facts=list(here.sheet), names=here.names)
    draft.feed(text)
    draft.finish()
    return draft


def templates(name):
    """(data set, language, answer) of a file."""
    for line in (HERE / f"{name}.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, lang, text = line.split(" ", 2)
            yield kind, lang, text.replace("\\n", "\n")


def measure(name, n, seed, verbose=False):
    """Counts of true answers passed and false ones caught, by kind of change.

    Every template takes its turn; of the changes it allows one is drawn by lot.
    """
    rng = random.Random(seed)
    rows = list(templates(name))
    passed, caught, total, failed = Counter(), Counter(), Counter(), []
    turn = 0
    while sum(total.values()) < n:
        set_, lang, text = rows[turn % len(rows)]
        turn += 1
        here = world(rng.choice(("up", "dn")) if set_ == "all" else set_, lang, rng)
        parts = parts_of(text, here)
        true = "".join(p[0] for p in parts)
        made = {
            kind: corrupted(parts, kind, lang, rng)
            for kind in ("number", "date", "swap", "sign", *KINDS.values())
        }
        kind, false = rng.choice([(k, f) for k, f in made.items() if f and f != true])
        ok, stopped = is_shown(true, here), not is_shown(false, here)
        passed[ok] += 1
        total[kind] += 1
        caught[kind] += stopped
        failed += [] if ok else [("refused", true, here)]
        failed += [] if stopped else [(kind, f"{false}   <- {_difference(true, false)}", here)]
    if verbose:
        show(failed, rows)
    return passed, caught, total


def _difference(true, false):
    """The part of the true answer that was changed."""
    start = next((i for i, (a, b) in enumerate(zip(true, false, strict=False)) if a != b), 0)
    return true[max(0, start - 12) : start + 24]


def show(failed, rows):
    """Each failure once a template, with how often, and the reasons of the gate."""
    del rows
    often = Counter((why, _shape(text)) for why, text, _ in failed)
    seen = set()
    for why, text, here in sorted(failed, key=lambda f: f[0]):
        if (why, _shape(text)) in seen:
            continue
        seen.add((why, _shape(text)))
        print(f"{why} ×{often[why, _shape(text)]} [{here.lang}] {text!r}")
        for slot in gate(text, here).bad:
            print(f"      {slot.text.strip()[:60]!r}: {slot.reason}")


def _shape(text):
    return re.sub(r"[\d.,\u202f+−]+", "#", text)[:60]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--answers", default="sealed", choices=FILES)
    parser.add_argument("-n", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", action="store_true", help="print each kind of failure once")
    given = parser.parse_args()
    passed, caught, total = measure(given.answers, given.n, given.seed, given.show)
    for kind in sorted(total):
        print(f"{kind:9} caught {caught[kind]:4d} of {total[kind]:4d}")
    share = sum(caught.values()) / sum(total.values())
    through = passed[True] / sum(passed.values())
    shown = sum(total.values()) - sum(caught.values())
    precision = passed[True] / (passed[True] + shown)
    print(f"{given.answers}: false answers caught {share:.2%}, true answers passed {through:.1%}")
    print(f"   of as many true as false answers, those shown are true in {precision:.2%}")
    return 0 if share >= TARGETS["caught"] and through >= TARGETS["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
