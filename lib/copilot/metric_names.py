"""Which metric of an experiment a question names: whole names, parts of names, small typos, words of four languages.

Called by ``lib.copilot.answerer`` and the tools. It never guesses: several that fit equally well are all returned.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from lib.copilot.lexicon import LANGUAGES, Intent, fold, lexicon, words_of
from lib.experiments.model import Experiment, Metric
from lib.wording import bare_name

# The same thing in the four languages; folded: lower case, no accents.
SAME = (
    {"revenue", "revenues", "sales", "money", "earn", "earns", "earned", "geld", "verdient", "argent", "dinero",
     "umsatz", "umsatze", "erlos", "erlose", "einnahmen", "ingreso", "ingresos",
     "facturacion", "chiffre", "recette", "recettes", "revenu", "revenus", "ventes", "ventas"},
    {"refund", "refunds", "refunded", "erstattung", "erstattungen", "ruckerstattung", "ruckerstattungen",
     "remboursement", "remboursements", "reembolso", "reembolsos", "devolucion", "devoluciones"},
    {"cart", "carts", "basket", "warenkorb", "panier", "paniers", "carrito", "cesta"},
    {"add", "adds", "added", "adding", "hinzufugen", "hinzugefugt", "legen", "gelegt", "ajout", "ajouts", "ajoute",
     "ajouter", "anadir", "anadido", "agregar", "agregado"},
    {"click", "clicks", "clicked", "klick", "klicks", "geklickt", "clic", "clics"},
    {"purchase", "purchases", "purchased", "kauf", "kaufe", "gekauft", "achat", "achats", "compra", "compras"},
    {"order", "orders", "ordered", "bestellung", "bestellungen", "commande", "commandes", "pedido", "pedidos"},
    {"return", "returns", "returned", "ruckkehr", "wiederkehr", "retour", "retours", "retorno", "regreso"},
    {"session", "sessions", "sitzung", "sitzungen", "sesion", "sesiones"},
    {"latency", "latenz", "ladezeit", "latence", "latencia"},
    {"signup", "signups", "registration", "registrierung", "registrierungen", "inscription", "inscriptions",
     "registro", "registros"},
    {"cancellation", "cancellations", "cancelled", "canceled", "kundigung", "kundigungen", "stornierung",
     "stornierungen", "annulation", "annulations", "resiliation", "resiliations", "cancelacion", "cancelaciones"},
    {"error", "errors", "fehler", "erreur", "erreurs"},
    {"bounce", "bounces", "absprung", "absprunge", "rebond", "rebonds", "rebote"},
)  # fmt: skip
UNITS = frozenset(
    words_of("""
per pro je par por of von de du des del der the le la les el los las l d a to in
user users visitor visitors person persons people nutzer besucher personen kopf
utilisateur utilisateurs visiteur visiteurs personne usuario usuarios visitante visitantes persona
rate rates quote taux tasa average mean mittel durchschnitt moyenne media total count
metric metrics metrik metriken kennzahl kennzahlen kpi kpis metrique metriques metrica metricas
unique event events ereignis ereignisse evenement evenements evento eventos
conversion conversions konversion konversionen conversiones
""")
)
METRIC = re.compile(r"\b(?:kpis|metri[ckq]\w*s|metriken|kennzahl\w*|indicateur\w*|indicador\w*)\b")
NUMBERED = re.compile(
    r"\b(?:kpi|metri[ckq]\w*|kennzahl|indicateur|indicador)\s*(?:nr|no|n|#)?\.?\s*(\d{1,3})\b"
)
IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
GUARDRAIL = re.compile(
    r"\bguardrails?\b|\bschutzmetrik\w*|\bgarde-?fous?\b|\bmetricas? de proteccion\b"
)
ALIKE = 0.86
SHORT = 4  # words of fewer letters name nothing by themselves
HALF = 0.5
PHRASE = 3  # so many words in a row are a name, however general


@dataclass(frozen=True, slots=True)
class Named:
    """The metrics a text names, and what is left of the text.

    ``is_whole``: by the name as it stands; ``is_full``: by every word of it that tells something.
    """

    fits: tuple[Metric, ...] = ()
    rest: str = ""
    is_whole: bool = False
    is_full: bool = False


def metrics_in(text: str, experiment: Experiment) -> Named:
    """The metrics of one experiment that a text names, the primary included; several when it is ambiguous."""
    said = _said(text, experiment)
    whole = _by_whole_name(said, experiment.metrics, is_asked=bool(METRIC.search(fold(text))))
    numbered = _by_number(text, experiment.metrics)
    if numbered and not whole:
        return Named(numbered, NUMBERED.sub(" ", fold(text)), is_whole=True, is_full=True)
    if whole:
        rest = f" {' '.join(said)} "
        for name in (name for metric in whole for name in _names_of(metric)):
            rest = rest.replace(f" {name} ", " ")
        return Named(whole, rest.strip(), is_whole=True, is_full=True)
    return _by_words(said, experiment)


def _said(text: str, experiment: Experiment) -> list[str]:
    """The words of a text without the experiment's own full names."""
    line = f" {' '.join(words_of(text))} "
    for name in (experiment.name, experiment.flag_key):
        own = " ".join(words_of(name))
        if len(own) >= SHORT:
            line = line.replace(f" {own} ", " ~ ")
    return line.split()


def _by_number(text: str, metrics: Sequence[Metric]) -> tuple[Metric, ...]:
    """``metric 3``, where a metric's name has that number."""
    asked = set(NUMBERED.findall(fold(text)))
    return tuple(m for m in metrics if asked & set(words_of(bare_name(m.name))))


def _names_of(metric: Metric) -> tuple[str, ...]:
    """What a metric may be called: its name, and its name without what stands in brackets."""
    name = bare_name(metric.name)
    short = " ".join(words_of(IN_BRACKETS.sub(" ", name)))
    return tuple(dict.fromkeys(n for n in (" ".join(words_of(name)), short) if n))


def _by_whole_name(
    said: Sequence[str], metrics: Sequence[Metric], *, is_asked: bool
) -> tuple[Metric, ...]:
    line = f" {' '.join(said)} "
    found = [
        (metric, name)
        for metric in metrics
        for name in _names_of(metric)
        if f" {name} " in line and (is_asked or _tells(name))
    ]
    longest = [
        m for m, name in found if not any(name != n and f" {name} " in f" {n} " for _, n in found)
    ]
    return tuple(dict.fromkeys(longest))


def _tells(name: str) -> bool:
    """Whether a name says more than any experiment does."""
    words = name.split()
    return len(words) >= PHRASE or any(not _is_general(word) for word in words)


def _by_words(said: Sequence[str], experiment: Experiment) -> Named:
    asked = [word for word in said if word not in UNITS and word not in _stop()]
    best: dict[str, int] = {}
    full: set[str] = set()
    used: set[str] = set()
    for metric in experiment.metrics:
        content = _content(bare_name(metric.name))
        hits = {word for word in content if any(_alike(word, other) for other in asked)}
        if hits and len(hits) >= HALF * len(content):
            best[metric.id] = len(hits)
            full |= {metric.id} if hits == content else set()
            used |= {other for other in asked if any(_alike(word, other) for word in hits)}
    if not best:
        return Named()
    top = max(best.values())
    fits = tuple(m for m in experiment.metrics if best.get(m.id) == top)
    return Named(
        fits, " ".join(w for w in said if w not in used), is_full=all(m.id in full for m in fits)
    )


def _content(name: str) -> set[str]:
    """The words of a metric's name that can stand for it."""
    words = [w for w in words_of(name) if w not in UNITS and w not in _stop()]
    return {w for w in words if len(w) >= SHORT - 1 and not w.isdigit() and not _is_general(w)}


@cache
def _stop() -> frozenset[str]:
    return frozenset().union(*(lexicon(code).stop for code in LANGUAGES))


@cache
def _is_general(word: str) -> bool:
    """Whether a word belongs to every experiment: units, "conversion", "lift", "planned"."""
    if word in UNITS or word in _stop():
        return True
    if any(word in same for same in SAME):
        return False
    return any(
        pattern.search(word)
        for code in LANGUAGES
        for table in (lexicon(code).intents, lexicon(code).terms)
        for key, pattern in table.items()
        if key is not Intent.OFF_TOPIC
    )


def _alike(word: str, said: str) -> bool:
    if word == said or any(word in same and said in same for same in SAME):
        return True
    if min(len(word), len(said)) < SHORT:
        return False
    short, long = sorted((word, said), key=len)
    if long.startswith(short) and len(long) - len(short) <= 2:  # plural
        return True
    return len(short) > SHORT and difflib.SequenceMatcher(None, word, said).ratio() >= ALIKE
