"""French sentences; same keys and slots as the English table, see there."""

WORDS = {
    # short phrases
    "range": "entre [[{stem}_low.{i}]] et [[{stem}_high.{i}]]",
    "range_above": "plus de [[{stem}_low.{i}]]",
    "range_below": "moins de [[{stem}_high.{i}]]",
    "range_open": "pas encore délimité",
    "span": "de [[{stem}_low.{i}]] à [[{stem}_high.{i}]]",
    "of_arm": "[[arm.{i}]] {range}",
    "and": " et ",
    "true_change": "le vrai changement se situe {range}",
    "true_change_arms": "vrai changement : {ranges}",
    "wait": "[[wait_from.{i}]] à [[wait_high.{i}]]",
    "wait_same": "[[wait_low.{i}]]",
    "wait_open": "au moins [[wait_low.{i}]]",
    # the verdict
    "not_started": "Pas encore lancé.",
    "no_metric": "Cette expérience n'a pas de métrique principale : rien ne peut être décidé.",
    "legacy": "Cette métrique est comptée par l'ancien moteur de PostHog : elle est montrée, jamais "
    "décidée.",
    "no_numbers": "Pas encore de chiffres pour la métrique principale.",
    "waiting": "Lancé il y a [[running]] : aucun visiteur compté, ce qui est normal les premières heures.",
    "waiting_unknown": "Aucun visiteur compté, ce qui est normal les premières heures.",
    "nothing_arrives": "En cours depuis [[running]] sans un seul visiteur. "
    "Vérifiez le flag et l'événement d'exposition.",
    "suspicion.split": "Ne lisez pas le changement : [[share.{i}]] des visiteurs sont dans [[arm.{i}]], "
    "prévu [[planned_share.{i}]]. Le hasard fait cela moins d'une fois sur [[balance_once]] tests.",
    "suspicion.split_plain": "Ne lisez pas le changement : les visiteurs ne sont pas répartis comme prévu.",
    "suspicion.counts_shrank": "Ne lisez pas le changement : des comptes qui ne peuvent que croître ont "
    "baissé.",
    "suspicion.exceeds_exposures": "Ne lisez pas le changement : on compte plus de visiteurs qu'il n'y en a "
    "d'exposés.",
    "suspicion.no_control": "Ne lisez pas le changement : la référence n'envoie pas de chiffres.",
    "suspicion.data_stopped": "Ne vous fiez pas à ces chiffres : les données les plus récentes datent de "
    "[[data_age]].",
    "suspicion.jump": "Ne lisez pas le changement : en une heure il est venu plus de visiteurs que "
    "dans tout le temps d'avant.",
    "suspicion.other": "Ne lisez pas le changement : les données ne concordent pas.",
    "too_early.visitors": "Trop tôt : [[arm.{i}]] a [[visitors_now.{i}]] des [[visitors_needed.{i}]] "
    "visiteurs nécessaires.",
    "too_early.visitors_all": "Trop tôt : [[visitors_now]] des [[visitors_needed]] visiteurs nécessaires.",
    "too_early.conversions": "Trop tôt : [[conversions_now]] des [[conversions_needed]] conversions "
    "nécessaires, toutes variantes confondues.",
    "too_early.conversions_arm": "Trop tôt : [[arm.0]] et [[arm.{i}]] ont ensemble "
    "[[conversions_now.{i}]] des [[conversions_needed.{i}]] conversions nécessaires.",
    "too_early.others": "Trop tôt : [[arm.0]] et [[arm.{i}]] ont ensemble [[conversions_now.{i}]] "
    "des [[conversions_needed.{i}]] visiteurs sans conversion nécessaires.",
    "too_early.plan": "Trop tôt : le plan de cette expérience n'est pas encore connu.",
    "too_early.other": "Trop tôt pour lire un résultat.",
    "withdrawn": "Retiré à [[withdrawn_at.{i}]] : {because} ; la preuve ne tient plus.",
    "withdrawn_plain": "Retiré : {because} ; la preuve ne tient plus.",
    "because.split": "les visiteurs ne sont pas répartis comme prévu",
    "because.counts_shrank": "des visiteurs ont été recomptés",
    "because.data_corrected": "les données ont été corrigées",
    "because.exceeds_exposures": "on compte plus de visiteurs qu'il n'y en a d'exposés",
    "because.no_control": "la référence n'envoie pas de chiffres",
    "because.other": "les données ont été corrigées ou un contrôle a échoué",
    "because.said": "[[because]]",
    "wait_for_week": "[[arm.{i}]] a franchi la ligne au jour [[crossed_day.{i}]] : décision possible "
    "[[ready_day]], quand une semaine complète sera là.",
    "wait_for_week_plain": "[[arm.{i}]] a franchi la ligne : décision possible quand une semaine complète "
    "sera là.",
    "guardrail_fails": "[[arm.{i}]] est meilleur : {call}, mais la métrique de garde [[guardrail]] est "
    "pire. Décidez avec les deux en vue.",
    "guardrail_fails_worse": "[[arm.{i}]] est pire : {call}, et la métrique de garde [[guardrail]] l'est "
    "aussi.",
    "ready_winner": "[[arm.{i}]] est meilleur : {call}.",
    "ready_loser": "[[arm.{i}]] est pire : {call}.",
    "call": "[[call_lift.{i}]] ({range})",
    "call_shared": "[[call_lift.{i}]] ({range}; "
    "les variantes partagent cet intervalle, plus large que le test qui a tranché)",
    "call_size": "[[{size}.{i}]] ({range})",
    "ended": "Terminé le [[ended_on]] après [[running]] : dernier relevé, {rest}.",
    "ended_plain": "Terminé : dernier relevé, {rest}.",
    "unlikely": "À ce trafic, cela ne se décidera probablement pas avant le [[planned_end_on]] "
    "([[chance]]).",
    "unlikely_plain": "À ce trafic, cela ne se décidera probablement pas avant la fin prévue ([[chance]]).",
    "unlikely_bare": "À ce trafic, cela ne se décidera probablement pas avant la fin prévue.",
    "planned_end": "Le plan est terminé : aucun effet d'au moins [[mde]] démontré ; {rest}.",
    "planned_end_plain": "Le plan est terminé sans décision ; {rest}.",
    "ahead": "[[arm.{i}]] est en tête de [[lead.{i}]], mais cela pourrait encore aller {range}.",
    "ahead_down": "[[arm.{i}]] est en tête : [[lift.{i}]] là où moins vaut mieux, mais cela pourrait encore "
    "aller {range}.",
    "ahead_control": "[[arm.0]] est en tête : [[arm.{i}]] est à [[lift.{i}]], mais cela pourrait encore "
    "aller {range}.",
    "ahead_size": "[[arm.{i}]] est en tête : [[diff.{i}]], mais cela pourrait encore aller {range}.",
    "ahead_size_control": "[[arm.0]] est en tête : [[arm.{i}]] est à [[diff.{i}]], mais cela pourrait encore "
    "aller {range}.",
    "ahead_plain": "[[arm.{i}]] est en tête, sans preuve.",
    "too_close": "Aucune variante ne se détache : {rest}.",
    "rest_unknown": "l'ampleur du changement ne peut pas encore être dite",
    # why a comparison has no number
    "blocked.no_data": "[[arm.{i}]] n'a pas encore de chiffres.",
    "blocked.empty_arm": "[[arm.{i}]] ne peut pas être comparé : personne ne l'a encore vu.",
    "blocked.zero_variance": "[[arm.{i}]] ne peut pas être comparé : jusqu'ici tous les visiteurs ont fait "
    "de même.",
    "blocked.zero_baseline": "[[arm.{i}]] ne peut pas être comparé : la moyenne de la référence est nulle.",
    "blocked.too_few": "[[arm.{i}]] ne peut pas être comparé : trop peu de visiteurs jusqu'ici.",
    "blocked.data_error": "[[arm.{i}]] ne peut pas être comparé : ses chiffres se contredisent.",
    "blocked.unsupported": "[[arm.{i}]] ne peut pas être comparé : ce type de métrique est seulement "
    "montré.",
    # what changed
    "changed": "Depuis [[earlier_at]] : {changes}.",
    "since": "Depuis votre dernier passage (il y a [[away]], données de [[earlier_at]]) : {changes}.",
    "since_nothing": "Depuis votre dernier passage (il y a [[away]], données de [[earlier_at]]) : rien n'a bougé.",
    "changed_n": "[[more_n]] visiteurs de plus",
    "changed_lift": "le changement observé pour [[arm.{i}]] est passé de [[was_lift.{i}]] à [[lift.{i}]]",
    "changed_evidence": "sa preuve de [[was_evidence.{i}]] à [[evidence.{i}]]",
    "changed_evidence_only": "la preuve pour [[arm.{i}]] est passée de [[was_evidence.{i}]] à "
    "[[evidence.{i}]]",
    "now_stands": "Actuellement : [[lift.{i}]] ({range}).",
    "changed_join": ", ",
    # what would change the verdict
    "next.evidence": "C'est démontré quand la preuve atteint [[line]], actuellement [[evidence.{i}]] : "
    "comptez {wait}, avec une chance de [[never.{i}]] que cela n'arrive pas avant la fin prévue.",
    "next.evidence_wait": "C'est démontré quand la preuve atteint [[line]], actuellement [[evidence.{i}]] : "
    "comptez {wait}.",
    "next.evidence_never": "C'est démontré quand la preuve atteint [[line]], actuellement [[evidence.{i}]] ; "
    "la chance d'y arriver avant la fin prévue est de [[chance]].",
    "next.evidence_plain": "C'est démontré quand la preuve atteint [[line]], actuellement [[evidence.{i}]].",
    "next.expect": "Attendez environ [[likely.{i}]] après la mise en production ; les [[{seen}.{i}]] "
    "observés sont flattés par un arrêt à un point haut.",
    "next.week": "Attendre jusque-là n'affaiblit pas la décision.",
    "next.split": "Vérifiez d'abord comment les visiteurs sont répartis et comptés.",
    "next.data": "Vérifiez d'abord ce qui a changé dans la mesure.",
    "next.stopped": "Vérifiez si PostHog reçoit encore des événements.",
    "next.planned_end": "Continuer demande une preuve plus forte que pendant le plan.",
    "next.unlikely": "Il faudrait plus de trafic ou un effet plus grand pour changer cela.",
    # the why-not-yet list
    "need.visitors": "Assez de visiteurs par variante : [[visitors_now.{i}]], il en faut "
    "[[visitors_needed.{i}]]",
    "need.visitors_all": "Assez de visiteurs par variante : [[visitors_now]], il en faut "
    "[[visitors_needed]]",
    "need.conversions_all": "Assez de conversions, toutes variantes confondues : "
    "[[conversions_now]], il en faut [[conversions_needed]]",
    "need.conversions": "Assez de conversions dans [[arm.0]] et [[arm.{i}]] ensemble : "
    "[[conversions_now.{i}]], il en faut [[conversions_needed.{i}]]",
    "need.week": "Une semaine complète : [[week_now]] sur [[week_needed]]",
    "need.week_met": "Une semaine complète",
    "need.split": "Répartition comme prévu",
    "need.split_off": "Répartition comme prévu : non",
    "need.data": "Données complètes",
    "need.data_off": "Données complètes : non",
    "need.evidence": "Preuve pour [[arm.{i}]] : [[evidence_now.{i}]], il faut [[evidence_needed.{i}]]",
    "need.evidence_all": "Preuve : [[evidence_now]], il faut [[evidence_needed]]",
    "need.guardrails": "Métriques de garde : [[guardrails_now]] sur [[guardrails_needed]] en ordre",
    "need.guardrails_plain": "Métriques de garde en ordre",
    "need.other": "Un contrôle de plus",
    "need.by": ", [[expected_day]]",
    "need.wait": ", encore environ {wait}, d'une chance égale à une bonne chance",
    "need.never": ", une chance de [[never.{i}]] que cela n'arrive pas avant la fin prévue",
    # health
    "health.fine": "La répartition est comme prévu et les données sont complètes.",
    "health.split": "Les visiteurs sont répartis comme prévu jusqu'ici.",
    "health.excluded": "[[excluded]] personnes vues dans plus d'une variante ont été exclues.",
    "health.as_of": "Les données s'arrêtent à [[data_at]].",
    "flag.novelty": "L'effet de [[arm.{i}]] diffère entre le début et la suite : ce peut être l'attrait du "
    "nouveau.",
    "flag.maturing": "Des conversions de visiteurs antérieurs arrivent encore.",
    "flag.traffic": "Le trafic a changé : la fin prévue s'est déplacée.",
    "flag.outliers": "Un seul visiteur fait une grande part du total.",
    "flag.inconsistent": "L'effet de [[arm.{i}]] n'a pas été le même au fil du temps.",
    # memo and digest
    "memo.title": "Note de décision",
    "memo.verdict": "Verdict",
    "memo.result": "Résultat",
    "memo.arm": "Variante",
    "memo.value": "Valeur",
    "memo.visitors": "Visiteurs",
    "memo.conversions": "Conversions",
    "memo.change": "Changement",
    "memo.interval": "Intervalle, valable à chaque regard",
    "memo.evidence": "Preuve",
    "memo.metrics": "Autres métriques (exploratoires, sauf métriques de garde)",
    "memo.metric": "Métrique",
    "memo.role": "Rôle",
    "memo.method": "Comment c'est calculé",
    "memo.method_text": "La preuve est 100 × (1 − p toujours valable). Elle tient quel que soit le nombre "
    "de regards : sans différence, au plus 5 expériences sur 100 atteignent un jour la ligne. Plusieurs "
    "variantes partagent cette promesse (Holm). Les intervalles valent pour tous les regards à la fois.",
    "memo.inputs": "Données d'entrée",
    "memo.plan": "Plan",
    "memo.plan_text": "Conçu pour trouver un changement de [[mde]] avec [[plan_n]] visiteurs en "
    "[[plan_days]].",
    "memo.plan_none": "Aucun plan n'était connu.",
    "memo.timeline": "Chronologie",
    "memo.started": "Lancé",
    "memo.ended": "Terminé",
    "memo.called": "Ligne franchie : [[arm.{i}]]",
    "memo.withdrawn": "Retiré : [[arm.{i}]]",
    "memo.clocks": "Données jusqu'à {as_of} ; vérifié {checked}.",
    "memo.after": "Après la mise en production",
    "memo.why": "Pourquoi pas encore",
    "memo.health": "Santé des données",
    "memo.data": "Données",
    "memo.record": "L'enregistrement d'où cette note est calculée",
    "memo.hypothesis": "Hypothèse",
    "memo.baseline": "référence",
    "memo.advice": "Cette note conseille ; elle ne change rien dans PostHog.",
    "stamp.too_early": "Trop tôt pour décider",
    "stamp.suspicion": "Sous suspicion : ne pas utiliser",
    "stamp.not_proven": "Pas démontré",
    "stamp.withdrawn": "Retiré",
    "stamp.final": "Dernier relevé",
    "stamp.proven": "Démontré",
    "stamp.exploratory": "Exploratoire : une période choisie, pas le test",
    "digest.title": "La semaine du {start} au {end}",
    "digest.quiet": "Rien n'a été annoncé.",
    "digest.announced": "Annoncé",
    "digest.running": "Où en sont les expériences en cours",
    "digest.none": "Aucune expérience en cours.",
}
