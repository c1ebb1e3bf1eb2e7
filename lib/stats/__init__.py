"""Numbers in, numbers out: evidence that stays true however often anyone looks. numpy and scipy only.

A comparison is a function from two arms' totals to numbers; a watch adds the memory that makes them valid at
every look; ``analyse`` turns both into what a page shows. Reading order:

    results       the words: every quantity a screen shows, defined once
    series        snapshots as arrays, one row a moment
    movement      how one metric moved, as arrays for charts and files
    compare       ``compare(kind, series)``: one method a metric kind, in ``METHODS``
      proportion  ``pooled_z``, ``unpooled_difference``, ``two_sided_p``
      mean        ``welch``, ``welch_absolute``, ``welch_lift``, ``t_to_z``, ``variance_of``
      ratio       ``ratio_of``: ratios and retention as means
      cuped       pre-exposure sums take noise out
      intervals   ``wilson``, ``newcombe``, ``score_lift``, ``score_difference``, ``fieller``, ``log_lift``
    boundary      the constants (``RULE``), the reserve (``mixture_line``), the planning table (``table_line``)
    spending      the recursion: where the line is, from the history of information
    evidence      z and clocks to p-values, their running minimum, Holm and the line
    watch         ``Watch.extend(series)``: all of it for one metric; ``rows_to_keep`` for thinning
    balance       ``chi_square``, ``log_e_balance``, ``log_evidence_to_p``: is the split as planned
    multiple      ``holm``, ``bonferroni``, ``benjamini_hochberg``, ``dunnett_critical``
    bayes         ``posterior``, ``exact_rates``, ``posthog_chance``, ``best_chance``: shown, never triggers
    sequential    ``confidence_sequence``, ``t_mixture_log_e``, ``conversions_log_e``: other valid evidence
    power         ``fixed_power``, ``fixed_size``, ``end_point_chance``, ``more_visitors_for_power``

and what decides and foretells: plan, verdict, analyse, forecast, flags, fooled. Arrays broadcast; "no answer" is
NaN inside and never leaves this package as a number.
"""
