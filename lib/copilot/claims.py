"""Claims without a number that would still be wrong: a win nobody proved, an act nobody can do, a certainty.

Used by the assistant's draft beside the number check. It is a net for the plain cases, not a reader of meaning: the
verdict itself always stands computed beside the answer.
"""

from __future__ import annotations

import re

from lib.copilot.lexicon import fold

PROOF = re.compile(
    r"\b(?:has |have |hat |a |ha )?(?:won|gewonnen|gagne|ganado)\b"
    r"|\bis (?:the |a )?(?:clear )?winner\b|\bist (?:der )?(?:klare )?sieger\b"
    r"|\best (?:le )?gagnant\b|\bes (?:el )?ganador\b"
    r"|\b(?:is|ist|est|es|esta) (?:now |already |statistically |jetzt |bereits |statistisch "
    r"|statistiquement |ya |estadisticamente )*"
    r"(?:significant|proven|signifikant|bewiesen|significati\w+|prouve\w*|probad\w+)\b"
)
OPEN = re.compile(
    r"\b(?:not|no|nobody|never|isn'?t|hasn'?t|yet|if|when|whether|until|before|once|would|means|"
    r"nicht|kein\w*|noch|wenn|ob|bis|erst|"
    r"heisst|bedeutet|pas|ne|si|quand|avant|rien|aucun\w*|todavia|aun|cuando|hasta|nada|ningun\w*|significa)\b|n'|n't|\?"
)
ACTS = re.compile(
    r"\b(?:i|i've|i have|we have) (?:just |now |already )?"
    r"(?:paused|stopped|ended|shipped|launched|deleted|changed|started|rolled)\b"
    r"|\b(?:ich habe|wir haben) .{0,40}\b(?:gestoppt|pausiert|beendet|ausgerollt|geloscht|geandert|gestartet)\b"
    r"|\b(?:j'ai|nous avons) .{0,20}(?:arrete|mis en pause|termine|deploye|supprime|lance)\w*"
    r"|\b(?:he|hemos) (?:parado|pausado|terminado|lanzado|borrado|cambiado|iniciado)\b"
    r"|\b(?:experiment|test|it) (?:is now|has been|was) (?:paused|stopped|ended|shipped|deleted)\b"
)
CERTAIN = re.compile(
    r"\b(?:guaranteed?|certainly|definitely|garantiert|mit sicherheit|garanti\w*|certainement|garantizad\w*|sin duda)\b"
)


def wrong_claim(sentence: str, *, is_ready: bool) -> str:
    """Why a sentence claims too much; empty when it does not.

    Args:
        sentence: one sentence of a model.
        is_ready: whether the verdict says that an arm is proven better or worse.
    """
    said = fold(sentence)
    if ACTS.search(said):
        return "it claims an act; nothing here can act"
    if CERTAIN.search(said) and not OPEN.search(said):
        return "it claims certainty"
    if not is_ready and PROOF.search(said) and not OPEN.search(said):
        return "it claims a proof the verdict does not give"
    return ""
