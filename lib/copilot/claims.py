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
WON = re.compile(r"won$|gewonnen|gagne|ganado")
REACHED = re.compile(
    r"\b(?:has|have|had|is|are|stands?|already|now)\b[^.;:?]{0,24}\b(?:reached(?! \W*(?!95)\d)|passed|crossed|"
    r"cleared|hit|surpassed|exceeded|above|over|beyond|past|there)\b"
    r"|\b(?:passes|crosses|clears|exceeds|enough) (?:the|for)\b"
    r"|\b(?:hat|ist|sind|haben|bereits|schon)\b[^.;:?]{0,40}\b(?:uberschritten|erreicht|ubertroffen|geschafft)\b"
    r"|\b(?:reicht|reichen|genugt)\b[^.;:?]{0,40}\b(?:bereits|schon|fur)\b"
    r"|\b(?:a|est|sont|ont)\b[^.;:?]{0,24}\b(?:franchi\w*|atteint\w*|depasse\w*)\b"
    r"|\b(?:ha|han|se ha|esta|ya)\b[^.;:?]{0,24}\b(?:cruzado|alcanzado|superado|llegado)\b"
)
LINE = re.compile(
    r"\b(?:line|bar|threshold|linie|schwelle|marke|ligne|seuil|barre|linea|umbral|verdict|urteil|veredicto)\b"
    r"|\b95 (?:of|von|sur|de) 100\b"
)
OPEN = re.compile(
    r"\b(?:not|no|none|nothing|nobody|neither|never|isn'?t|hasn'?t|yet|if|when|whether|until|before|once|would|means|"
    r"counts? as|needs?|requires?|takes?|to be|must|"
    r"nicht|kein\w*|noch|wenn|ob|bis|erst|"
    r"heisst|bedeutet|pas|jamais|si|quand|avant|rien|aucun\w*|todavia|aun|cuando|hasta|nada|ningun\w*|significa)\b|n't|\?"
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


# "blue has gained 4 %", "hat 4 % gewonnen" tells a size, no proof.
GAINED = re.compile(r"\d\s?(?:%|prozent|pour ?cent|por ?ciento|punkte?n?|points?|puntos?)")
POSSIBLE = re.compile(
    r"\b(?:chances?|odds|probab\w*|risks?|likely|could|might|may|wahrscheinlich\w*|chancen?|risiko|konnte\w*|"
    r"risques?|pourrai\w*|posibilidad\w*|riesgos?|podria\w*)\b"
    r"|\b\d+ (?:in|von|sur|de cada|out of) (?!100\b)\d+\b"
)


NO_LONGER = re.compile(r"\bn'(?:est|a|ont|sont) plus\b")
CALLED = re.compile(
    r"\b(?:proven|significant|conclusive|bewiesen|signifikant|prouvee?s?|demontree?s?|significati(?:f|ve|vo|va)s?|"
    r"demostrad[oa]s?|probad[oa]s?|concluyentes?)\b(?! (?:only|when|once|ab|erst|a partir)| (?:at|bei|mit|a|con) 95)"
)
ALREADY = re.compile(
    r"\b(?:already|now|clearly|schon|bereits|jetzt|eindeutig|deja|desormais|maintenant|ya|ahora|claramente)\b"
)
THERE = re.compile(
    r"\b(?:already|now|clearly) (?:there|over it|past it)\b|\b(?:schon|bereits) da\b|\bya esta ahi\b"
)
REACHING = re.compile(
    r"\b(?:reach|pass|cross|clear|exceed|erreich|uberschr|franchi|attein|depass|alcanz|cruz|super)\w*"
)
ANSWER = re.compile(r"^\W*(?:no|nein|non|yes|ja|oui|si)\s*[,.:–—-]\s*")


def _is_over_the_line(said: str) -> bool:
    """``has passed the line of 95``, unless its part of the sentence denies it or makes it a condition."""
    said = NO_LONGER.sub("a deja", said)
    parts = re.split(r"[.;:?!]\s", ANSWER.sub("", said))
    return any(
        REACHED.search(part)
        and LINE.search(part)
        and not OPEN.search(part)
        and not POSSIBLE.search(part)
        for part in parts
    )


CLOSED = re.compile(
    r"\b(?:proven|called|decided|settled|won|bewiesen|entschieden|prouvee?|decidee?|tranchee?|probad[oa]|decidid[oa])\b"
)
CONDITION = re.compile(
    r"\b(?:if|when|whether|until|before|once|would|wenn|ob|bis|sobald|si|quand|avant|cuando|hasta)\b"
)


def _is_closed_all_the_same(said: str) -> bool:
    """``nothing is proven, it is already called``: a part behind a comma takes back what the first one denies."""
    return any(
        ALREADY.search(part) and CLOSED.search(part) and not OPEN.search(part)
        for whole in re.split(r"[.;:?!]\s", said)
        if not CONDITION.search(whole) and not POSSIBLE.search(whole)
        for part in whole.split(",")[1:]
    )


def _is_called_proven(said: str) -> bool:
    """``clearly significant``, ``bewiesen ist das schon``, where nothing denies it or makes it a condition."""
    said = ANSWER.sub("", NO_LONGER.sub("a deja", said))
    parts = re.split(r"[.;:?!]\s", said)
    return THERE.search(said) is not None or any(
        (
            CALLED.search(part)
            or (ALREADY.search(part) and REACHING.search(part) and LINE.search(part))
        )
        and not OPEN.search(part)
        and not POSSIBLE.search(part)
        for part in parts
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
    if not is_ready and (
        _is_over_the_line(said) or _is_called_proven(said) or _is_closed_all_the_same(said)
    ):
        return "it claims a proof the verdict does not give"
    said = ANSWER.sub("", said)
    proof = None if is_ready or OPEN.search(said) or POSSIBLE.search(said) else PROOF.search(said)
    if proof and not (WON.search(proof[0]) and GAINED.search(said)):
        return "it claims a proof the verdict does not give"
    return ""
