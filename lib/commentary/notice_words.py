"""What alerts say, by language: facts and names in ``[[slots]]``, ``{parts}`` filled in by ``notices``.

They tell what the data say and never that something may be shipped. English stands in for a gap.
"""

from __future__ import annotations

from collections.abc import Mapping

ENGLISH = {
    "tested": "Your [[experiment]] test",
    "tested_short": "Your [[experiment]]",
    "proven_better": "{tested} reached the line: [[arm.{i}]] is better, {call}.",
    "proven_worse": "{tested} reached the line: [[arm.{i}]] is worse, {call}.",
    "proven_again": "The check is clean again, and the call holds. {said}",
    "guardrail_harmed": "{tested}: the guardrail [[metric]] got worse with [[arm.{i}]], {call}.",
    "split_off": "{tested}: do not read the lift, the visitors are not split as planned.",
    "split_off_share": "{tested}: do not read the lift. [[share.{i}]] of visitors are in [[arm.{i}]], "
    "planned [[planned_share.{i}]]; by chance that happens less than once in [[balance_once]] tests.",
    "data_stopped": "{tested}: no newer data since [[data_at]], [[data_age]] ago.",
    "nothing_arrives": "{tested}: running for [[running]] without a single visitor.",
    "planned_end": "{tested}: the plan is over without a call; {rest}.",
    "planned_end_mde": "{tested}: the plan is over, no effect of at least [[mde]] shown; {rest}.",
    "unlikely": "{tested}: at this traffic it will probably not decide by the planned end.",
    "unlikely_on": "{tested}: at this traffic it will probably not decide before [[planned_end_on]] "
    "([[chance]]).",
    "withdrawn": "Withdrawn: {tested_low} no longer shows that [[arm.{i}]] is {way} ({was}): {because}.",
    "doubted": "Withdrawn for now: {tested_low} said that [[arm.{i}]] is {way} ({was}), but {because}.",
    "withdrawn_harm": "Withdrawn: {tested_low} no longer shows that the guardrail [[metric]] got worse "
    "with [[arm.{i}]] ({was}): {because}.",
    "was": "[[call_lift.{i}]] on [[call_on.{i}]]",
    "was_plain": "said on [[call_on.{i}]]",
    "better": "better",
    "worse": "worse",
    "because.jump": "more visitors came within an hour than in all the time before",
    "check.proven_better": "Before deciding: look at the guardrails and the other metrics, ask whether "
    "tracking or traffic changed, and expect a smaller effect than the one seen.",
    "check.proven_worse": "Before deciding: look at which visitors are affected, and whether tracking "
    "or traffic changed.",
    "check.guardrail_harmed": "Before deciding: weigh this against the primary metric; both belong in view.",
    "check.split_off": "Check first how visitors are assigned and counted: redirects, bots, late exposure "
    "events, changed shares.",
    "check.data_stopped": "Check first whether PostHog still receives the events, and whether the flag is on.",
    "check.planned_end": "Before deciding: running on needs stronger evidence than during the plan.",
    "check.unlikely": "Before deciding: more traffic or a larger effect would be needed to change that.",
    "check.withdrawn": "Check first what was decided on the earlier message, and what changed in the data.",
}

GERMAN = {
    "tested": "Ihr Test „[[experiment]]“",
    "tested_short": "Ihr Test „[[experiment]]“",
    "proven_better": "{tested} hat die Linie erreicht: [[arm.{i}]] ist besser, {call}.",
    "proven_worse": "{tested} hat die Linie erreicht: [[arm.{i}]] ist schlechter, {call}.",
    "proven_again": "Die Prüfung ist wieder in Ordnung, das Ergebnis gilt. {said}",
    "guardrail_harmed": "{tested}: Die Schutzmetrik [[metric]] ist mit [[arm.{i}]] schlechter, {call}.",
    "split_off": "{tested}: Lesen Sie den Unterschied nicht, die Besucher sind nicht wie geplant verteilt.",
    "split_off_share": "{tested}: Lesen Sie den Unterschied nicht. [[share.{i}]] der Besucher sind in "
    "[[arm.{i}]], geplant [[planned_share.{i}]]; zufällig geschieht das seltener als einmal in "
    "[[balance_once]] Tests.",
    "data_stopped": "{tested}: keine neueren Daten seit dem [[data_at]] ([[data_age]]).",
    "nothing_arrives": "{tested}: läuft seit [[running]] ohne einen einzigen Besucher.",
    "planned_end": "{tested}: Der Plan ist vorbei, ohne Ergebnis; {rest}.",
    "planned_end_mde": "{tested}: Der Plan ist vorbei, kein Effekt von mindestens [[mde]] gezeigt; {rest}.",
    "unlikely": "{tested}: Bei diesem Verkehr wird er bis zum geplanten Ende wohl nicht entschieden.",
    "unlikely_on": "{tested}: Bei diesem Verkehr wird er vor dem [[planned_end_on]] wohl nicht entschieden "
    "([[chance]]).",
    "withdrawn": "Zurückgenommen: {tested} zeigt nicht mehr, dass [[arm.{i}]] {way} ist ({was}): {because}.",
    "doubted": "Vorerst zurückgenommen: {tested} zeigte, dass [[arm.{i}]] {way} ist ({was}), aber {because}.",
    "withdrawn_harm": "Zurückgenommen: {tested} zeigt nicht mehr, dass die Schutzmetrik [[metric]] mit "
    "[[arm.{i}]] schlechter ist ({was}): {because}.",
    "was": "[[call_lift.{i}]] am [[call_on.{i}]]",
    "was_plain": "gemeldet am [[call_on.{i}]]",
    "better": "besser",
    "worse": "schlechter",
    "because.jump": "in einer Stunde kamen mehr Besucher als in der ganzen Zeit davor",
}

FRENCH = {
    "tested": "Votre test « [[experiment]] »",
    "tested_short": "Votre test « [[experiment]] »",
    "proven_better": "{tested} a atteint la ligne : [[arm.{i}]] est meilleur, {call}.",
    "proven_worse": "{tested} a atteint la ligne : [[arm.{i}]] est moins bon, {call}.",
    "proven_again": "Le contrôle est de nouveau bon, le résultat tient. {said}",
    "guardrail_harmed": "{tested} : la métrique de garde [[metric]] s'est dégradée avec [[arm.{i}]], {call}.",
    "split_off": "{tested} : ne lisez pas l'écart, les visiteurs ne sont pas répartis comme prévu.",
    "split_off_share": "{tested} : ne lisez pas l'écart. [[share.{i}]] des visiteurs sont dans [[arm.{i}]], "
    "prévu [[planned_share.{i}]] ; par hasard, cela arrive moins d'une fois sur [[balance_once]] tests.",
    "data_stopped": "{tested} : pas de données plus récentes depuis le [[data_at]] ([[data_age]]).",
    "nothing_arrives": "{tested} : en cours depuis [[running]] sans un seul visiteur.",
    "planned_end": "{tested} : le plan est terminé sans décision ; {rest}.",
    "planned_end_mde": "{tested} : le plan est terminé, aucun effet d'au moins [[mde]] montré ; {rest}.",
    "unlikely": "{tested} : avec ce trafic, il ne sera sans doute pas décidé avant la fin prévue.",
    "unlikely_on": "{tested} : avec ce trafic, il ne sera sans doute pas décidé avant le [[planned_end_on]] "
    "([[chance]]).",
    "withdrawn": "Retiré : {tested_low} ne montre plus que [[arm.{i}]] est {way} ({was}) : {because}.",
    "doubted": "Retiré pour l'instant : {tested_low} montrait que [[arm.{i}]] est {way} ({was}), mais {because}.",
    "withdrawn_harm": "Retiré : {tested_low} ne montre plus que la métrique de garde [[metric]] s'est dégradée "
    "avec [[arm.{i}]] ({was}) : {because}.",
    "was": "[[call_lift.{i}]] le [[call_on.{i}]]",
    "was_plain": "annoncé le [[call_on.{i}]]",
    "better": "meilleur",
    "worse": "moins bon",
    "because.jump": "en une heure sont venus plus de visiteurs que dans tout le temps d'avant",
}

SPANISH = {
    "tested": "Su prueba «[[experiment]]»",
    "tested_short": "Su prueba «[[experiment]]»",
    "proven_better": "{tested} alcanzó la línea: [[arm.{i}]] es mejor, {call}.",
    "proven_worse": "{tested} alcanzó la línea: [[arm.{i}]] es peor, {call}.",
    "proven_again": "La comprobación vuelve a estar bien y el resultado se mantiene. {said}",
    "guardrail_harmed": "{tested}: la métrica de protección [[metric]] empeoró con [[arm.{i}]], {call}.",
    "split_off": "{tested}: no lea la diferencia, los visitantes no se reparten como estaba previsto.",
    "split_off_share": "{tested}: no lea la diferencia. El [[share.{i}]] de los visitantes está en [[arm.{i}]], "
    "previsto [[planned_share.{i}]]; por azar ocurre menos de una vez en [[balance_once]] pruebas.",
    "data_stopped": "{tested}: no hay datos más nuevos desde el [[data_at]] ([[data_age]]).",
    "nothing_arrives": "{tested}: lleva [[running]] sin un solo visitante.",
    "planned_end": "{tested}: el plan terminó sin decisión; {rest}.",
    "planned_end_mde": "{tested}: el plan terminó, sin efecto demostrado de al menos un [[mde]]; {rest}.",
    "unlikely": "{tested}: con este tráfico probablemente no se decidirá antes del fin previsto.",
    "unlikely_on": "{tested}: con este tráfico probablemente no se decidirá antes del [[planned_end_on]] "
    "([[chance]]).",
    "withdrawn": "Retirado: {tested_low} ya no muestra que [[arm.{i}]] sea {way} ({was}): {because}.",
    "doubted": "Retirado por ahora: {tested_low} mostraba que [[arm.{i}]] es {way} ({was}), pero {because}.",
    "withdrawn_harm": "Retirado: {tested_low} ya no muestra que la métrica de protección [[metric]] empeorara con "
    "[[arm.{i}]] ({was}): {because}.",
    "was": "[[call_lift.{i}]] el [[call_on.{i}]]",
    "was_plain": "anunciado el [[call_on.{i}]]",
    "better": "mejor",
    "worse": "peor",
    "because.jump": "en una hora llegaron más visitantes que en todo el tiempo anterior",
}

TABLES: Mapping[str, Mapping[str, str]] = {
    "en": ENGLISH,
    "de": {**ENGLISH, **GERMAN},
    "fr": {**ENGLISH, **FRENCH},
    "es": {**ENGLISH, **SPANISH},
}


def notice_words(lang: str) -> Mapping[str, str]:
    """The table of a language; anything unknown is read as English."""
    return TABLES.get(lang[:2].lower(), ENGLISH)
