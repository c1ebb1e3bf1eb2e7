"""German sentences; same keys and slots as the English table, see there."""

WORDS = {
    # short phrases
    "range": "zwischen [[{stem}_low.{i}]] und [[{stem}_high.{i}]]",
    "range_above": "über [[{stem}_low.{i}]]",
    "range_below": "unter [[{stem}_high.{i}]]",
    "range_open": "noch nicht eingegrenzt",
    "span": "[[{stem}_low.{i}]] bis [[{stem}_high.{i}]]",
    "of_arm": "[[arm.{i}]] {range}",
    "and": " und ",
    "true_change": "die wahre Änderung liegt {range}",
    "true_change_arms": "wahre Änderung: {ranges}",
    "wait": "[[wait_from.{i}]] bis [[wait_high.{i}]]",
    "wait_same": "[[wait_low.{i}]]",
    "wait_open": "mindestens [[wait_low.{i}]]",
    # the verdict
    "not_started": "Noch nicht gestartet.",
    "no_metric": "Dieses Experiment hat keine primäre Metrik, daher kann nichts entschieden werden.",
    "legacy": "Diese Metrik zählt das alte Verfahren von PostHog: Sie wird gezeigt, aber nie entschieden.",
    "no_numbers": "Noch keine Zahlen für die primäre Metrik.",
    "waiting": "Vor [[running]] gestartet: noch keine Besucher gezählt, in den ersten Stunden ist das "
    "normal.",
    "waiting_unknown": "Noch keine Besucher gezählt, in den ersten Stunden ist das normal.",
    "nothing_arrives": "Läuft seit [[running]] ohne einen einzigen Besucher. "
    "Bitte Flag und Expositions-Ereignis prüfen.",
    "suspicion.split": "Die Änderung nicht lesen: [[share.{i}]] der Besucher sind in [[arm.{i}]], geplant "
    "[[planned_share.{i}]]. Das geschieht zufällig seltener als einmal in [[balance_once]] Tests.",
    "suspicion.split_plain": "Die Änderung nicht lesen: Die Besucher sind nicht wie geplant aufgeteilt.",
    "suspicion.counts_shrank": "Die Änderung nicht lesen: Zahlen, die nur wachsen können, sind "
    "geschrumpft.",
    "suspicion.exceeds_exposures": "Die Änderung nicht lesen: Es sind mehr Besucher gezählt, als den Test "
    "gesehen haben.",
    "suspicion.no_control": "Die Änderung nicht lesen: Die Basis liefert keine Zahlen.",
    "suspicion.data_stopped": "Auf diese Zahlen ist kein Verlass: Die neuesten Daten sind [[data_age]] "
    "alt.",
    "suspicion.jump": "Die Änderung nicht lesen: In einer Stunde kamen mehr Besucher als in der "
    "ganzen Zeit davor.",
    "suspicion.other": "Die Änderung nicht lesen: Die Daten passen nicht zusammen.",
    "too_early.visitors": "Zu früh: [[arm.{i}]] hat [[visitors_now.{i}]] der nötigen "
    "[[visitors_needed.{i}]] Besucher.",
    "too_early.visitors_all": "Zu früh: [[visitors_now]] der nötigen [[visitors_needed]] Besucher.",
    "too_early.conversions": "Zu früh: [[conversions_now]] der nötigen [[conversions_needed]] Conversions "
    "über alle Varianten.",
    "too_early.conversions_arm": "Zu früh: [[arm.0]] und [[arm.{i}]] haben zusammen "
    "[[conversions_now.{i}]] der nötigen [[conversions_needed.{i}]] Conversions.",
    "too_early.others": "Zu früh: [[arm.0]] und [[arm.{i}]] haben zusammen [[conversions_now.{i}]] "
    "der nötigen [[conversions_needed.{i}]] Besucher ohne Conversion.",
    "too_early.plan": "Zu früh: Der Plan dieses Experiments ist noch nicht bekannt.",
    "too_early.other": "Zu früh, um etwas abzulesen.",
    "withdrawn": "Zurückgezogen um [[withdrawn_at.{i}]]: {because}; die Belege tragen nicht mehr.",
    "withdrawn_plain": "Zurückgezogen: {because}; die Belege tragen nicht mehr.",
    "because.split": "die Besucher sind nicht wie geplant aufgeteilt",
    "because.counts_shrank": "Besucher wurden neu gezählt",
    "because.data_corrected": "die Daten wurden berichtigt",
    "because.exceeds_exposures": "es sind mehr Besucher gezählt, als den Test gesehen haben",
    "because.no_control": "die Basis liefert keine Zahlen",
    "because.other": "die Daten wurden berichtigt oder eine Prüfung schlug fehl",
    "because.said": "[[because]]",
    "wait_for_week": "[[arm.{i}]] hat die Linie an Tag [[crossed_day.{i}]] überschritten: entscheidbar ab "
    "[[ready_day]], wenn eine volle Woche vorliegt.",
    "wait_for_week_plain": "[[arm.{i}]] hat die Linie überschritten: entscheidbar, wenn eine volle Woche "
    "vorliegt.",
    "guardrail_fails": "[[arm.{i}]] ist besser: {call}, aber die Schutzmetrik [[guardrail]] ist "
    "schlechter. Bitte mit beidem im Blick entscheiden.",
    "guardrail_fails_worse": "[[arm.{i}]] ist schlechter: {call}, und die Schutzmetrik [[guardrail]] ist "
    "es auch.",
    "ready_winner": "[[arm.{i}]] ist besser: {call}.",
    "ready_loser": "[[arm.{i}]] ist schlechter: {call}.",
    "call": "[[call_lift.{i}]] ({range})",
    "call_shared": "[[call_lift.{i}]] ({range}; "
    "dieses Intervall gilt für alle Varianten zugleich und ist breiter als der Test, der entschied)",
    "call_size": "[[{size}.{i}]] ({range})",
    "ended": "Beendet am [[ended_on]] nach [[running]]: letzter Stand, {rest}.",
    "ended_plain": "Beendet: letzter Stand, {rest}.",
    "unlikely": "Bei diesem Verkehr fällt bis [[planned_end_on]] wahrscheinlich keine Entscheidung "
    "([[chance]]).",
    "unlikely_plain": "Bei diesem Verkehr fällt bis zum geplanten Ende wahrscheinlich keine Entscheidung "
    "([[chance]]).",
    "unlikely_bare": "Bei diesem Verkehr fällt bis zum geplanten Ende wahrscheinlich keine Entscheidung.",
    "planned_end": "Der Plan ist zu Ende: kein Effekt von mindestens [[mde]] gezeigt; {rest}.",
    "planned_end_plain": "Der Plan ist zu Ende, ohne Entscheidung; {rest}.",
    "ahead": "[[arm.{i}]] liegt um [[lead.{i}]] vorn, aber es könnten auch {range} sein.",
    "ahead_down": "[[arm.{i}]] liegt vorn: [[lift.{i}]], wo weniger besser ist, aber es könnten auch "
    "{range} sein.",
    "ahead_control": "[[arm.0]] liegt vorn: [[arm.{i}]] steht bei [[lift.{i}]], aber es könnten auch "
    "{range} sein.",
    "ahead_size": "[[arm.{i}]] liegt vorn: [[diff.{i}]], aber es könnten auch {range} sein.",
    "ahead_size_control": "[[arm.0]] liegt vorn: [[arm.{i}]] steht bei [[diff.{i}]], aber es könnten auch "
    "{range} sein.",
    "ahead_plain": "[[arm.{i}]] liegt vorn, belegt ist es nicht.",
    "too_close": "Keine Variante hebt sich ab: {rest}.",
    "rest_unknown": "die Größe der Änderung lässt sich noch nicht sagen",
    # why a comparison has no number
    "blocked.no_data": "[[arm.{i}]] hat noch keine Zahlen.",
    "blocked.empty_arm": "[[arm.{i}]] lässt sich nicht vergleichen: Noch niemand hat es gesehen.",
    "blocked.zero_variance": "[[arm.{i}]] lässt sich nicht vergleichen: Bisher taten alle Besucher "
    "dasselbe.",
    "blocked.zero_baseline": "[[arm.{i}]] lässt sich nicht vergleichen: Der Durchschnitt der Basis ist "
    "null.",
    "blocked.too_few": "[[arm.{i}]] lässt sich nicht vergleichen: bisher zu wenige Besucher.",
    "blocked.data_error": "[[arm.{i}]] lässt sich nicht vergleichen: Die Zahlen widersprechen sich.",
    "blocked.unsupported": "[[arm.{i}]] lässt sich nicht vergleichen: Diese Art Metrik wird nur gezeigt.",
    # what changed
    "changed": "Seit [[earlier_at]]: {changes}.",
    "since": "Seit Sie zuletzt hier waren (vor [[away]], Datenstand [[earlier_at]]): {changes}.",
    "since_nothing": "Seit Sie zuletzt hier waren (vor [[away]], Datenstand [[earlier_at]]): nichts hat sich bewegt.",
    "changed_n": "[[more_n]] Besucher mehr",
    "changed_lift": "die beobachtete Änderung von [[arm.{i}]] ging von [[was_lift.{i}]] auf [[lift.{i}]]",
    "changed_evidence": "die Belege dafür von [[was_evidence.{i}]] auf [[evidence.{i}]]",
    "changed_evidence_only": "die Belege für [[arm.{i}]] gingen von [[was_evidence.{i}]] auf "
    "[[evidence.{i}]]",
    "now_stands": "Jetzt steht es bei [[lift.{i}]] ({range}).",
    "changed_join": ", ",
    # what would change the verdict
    "next.evidence": "Belegt ist es, wenn die Belege [[line]] erreichen, jetzt [[evidence.{i}]]: noch "
    "{wait}, mit einer Chance von [[never.{i}]], dass es bis zum geplanten Ende nicht reicht.",
    "next.evidence_wait": "Belegt ist es, wenn die Belege [[line]] erreichen, jetzt [[evidence.{i}]]: noch "
    "{wait}.",
    "next.evidence_never": "Belegt ist es, wenn die Belege [[line]] erreichen, jetzt [[evidence.{i}]]; die "
    "Chance darauf bis zum geplanten Ende ist [[chance]].",
    "next.evidence_plain": "Belegt ist es, wenn die Belege [[line]] erreichen, jetzt [[evidence.{i}]].",
    "next.expect": "Nach der Einführung sind etwa [[likely.{i}]] zu erwarten; die beobachteten "
    "[[{seen}.{i}]] sind geschönt, weil an einem hohen Punkt angehalten wurde.",
    "next.week": "Bis dahin zu warten schwächt die Entscheidung nicht.",
    "next.split": "Bitte zuerst prüfen, wie Besucher zugeteilt und gezählt werden.",
    "next.data": "Bitte zuerst prüfen, was sich an der Messung geändert hat.",
    "next.stopped": "Bitte prüfen, ob PostHog noch Ereignisse empfängt.",
    "next.planned_end": "Weiterlaufen verlangt stärkere Belege als während des Plans.",
    "next.unlikely": "Das ändern nur mehr Verkehr oder ein größerer Effekt.",
    # the why-not-yet list
    "need.visitors": "Genug Besucher je Variante: [[visitors_now.{i}]], nötig [[visitors_needed.{i}]]",
    "need.visitors_all": "Genug Besucher je Variante: [[visitors_now]], nötig [[visitors_needed]]",
    "need.conversions_all": "Genug Conversions über alle Varianten: [[conversions_now]], nötig "
    "[[conversions_needed]]",
    "need.conversions": "Genug Conversions in [[arm.0]] und [[arm.{i}]] zusammen: "
    "[[conversions_now.{i}]], nötig [[conversions_needed.{i}]]",
    "need.week": "Eine volle Woche: [[week_now]] von [[week_needed]]",
    "need.week_met": "Eine volle Woche",
    "need.split": "Aufteilung wie geplant",
    "need.split_off": "Aufteilung wie geplant: nein",
    "need.data": "Daten vollständig",
    "need.data_off": "Daten vollständig: nein",
    "need.evidence": "Belege für [[arm.{i}]]: [[evidence_now.{i}]], nötig [[evidence_needed.{i}]]",
    "need.evidence_all": "Belege: [[evidence_now]], nötig [[evidence_needed]]",
    "need.guardrails": "Schutzmetriken: [[guardrails_now]] von [[guardrails_needed]] in Ordnung",
    "need.guardrails_plain": "Schutzmetriken in Ordnung",
    "need.other": "Eine weitere Prüfung",
    "need.by": ", [[expected_day]]",
    "need.wait": ", noch etwa {wait}, von einer Chance eins zu eins bis zu einer guten",
    "need.never": ", mit einer Chance von [[never.{i}]], dass es bis zum geplanten Ende nicht reicht",
    # health
    "health.fine": "Die Aufteilung ist wie geplant, die Daten sind vollständig.",
    "health.split": "Die Besucher sind bisher wie geplant aufgeteilt.",
    "health.excluded": "[[excluded]] Personen, die mehr als eine Variante sahen, wurden ausgelassen.",
    "health.as_of": "Die Daten reichen bis [[data_at]].",
    "flag.novelty": "Die Wirkung von [[arm.{i}]] ist früh und spät verschieden: Es kann der Reiz des Neuen "
    "sein.",
    "flag.maturing": "Von früheren Besuchern kommen noch Conversions nach.",
    "flag.traffic": "Der Verkehr hat sich geändert: Das geplante Ende hat sich verschoben.",
    "flag.outliers": "Ein einzelner Besucher macht einen großen Teil der Summe aus.",
    "flag.inconsistent": "Die Wirkung von [[arm.{i}]] war im Lauf der Zeit nicht dieselbe.",
    # memo and digest
    "memo.title": "Entscheidungsvorlage",
    "memo.verdict": "Urteil",
    "memo.result": "Ergebnis",
    "memo.arm": "Variante",
    "memo.value": "Wert",
    "memo.visitors": "Besucher",
    "memo.conversions": "Conversions",
    "memo.change": "Änderung",
    "memo.interval": "Intervall, gilt bei jedem Blick",
    "memo.evidence": "Belege",
    "memo.metrics": "Weitere Metriken (erkundend, außer Schutzmetriken)",
    "memo.metric": "Metrik",
    "memo.role": "Rolle",
    "memo.method": "Wie das berechnet ist",
    "memo.method_text": "Belege sind 100 × (1 − immer gültiges p). Das gilt, wie oft auch jemand "
    "hinsieht: Ohne Unterschied erreichen höchstens 5 von 100 Experimenten je die Linie. Mehrere Varianten "
    "teilen sich dieses Versprechen (Holm). Intervalle gelten bei allen Blicken zugleich.",
    "memo.inputs": "Eingaben",
    "memo.plan": "Plan",
    "memo.plan_text": "Angelegt, um eine Änderung von [[mde]] mit [[plan_n]] Besuchern zu finden; Dauer: "
    "[[plan_days]].",
    "memo.plan_none": "Ein Plan war nicht bekannt.",
    "memo.timeline": "Verlauf",
    "memo.started": "Gestartet",
    "memo.ended": "Beendet",
    "memo.called": "Linie überschritten: [[arm.{i}]]",
    "memo.withdrawn": "Zurückgezogen: [[arm.{i}]]",
    "memo.clocks": "Daten bis {as_of}; geprüft {checked}.",
    "memo.after": "Nach der Einführung",
    "memo.why": "Warum noch nicht",
    "memo.health": "Zustand der Daten",
    "memo.data": "Daten",
    "memo.record": "Der Datensatz, aus dem diese Vorlage berechnet ist",
    "memo.hypothesis": "Hypothese",
    "memo.baseline": "Basis",
    "memo.advice": "Diese Vorlage berät; in PostHog ändert sie nichts.",
    "stamp.too_early": "Zu früh für eine Entscheidung",
    "stamp.suspicion": "Unter Verdacht: nicht verwenden",
    "stamp.not_proven": "Nicht belegt",
    "stamp.withdrawn": "Zurückgezogen",
    "stamp.final": "Letzter Stand",
    "stamp.proven": "Belegt",
    "stamp.exploratory": "Erkundend: ein gewählter Ausschnitt, nicht der Test",
    "digest.title": "Die Woche vom {start} bis {end}",
    "digest.quiet": "Es wurde nichts gemeldet.",
    "digest.announced": "Gemeldet",
    "digest.running": "Wo die laufenden Experimente stehen",
    "digest.none": "Kein Experiment läuft.",
}
