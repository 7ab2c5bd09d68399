"""The bench of planted defects: models with one known fault each and their clean twins, and how often it is named.

A family of defects is one file in ``plants``; what looks for them is a diagnoser, any callable ``(model, data) → set of
(defect, subjects)``, ours and baselines in ``diagnosers``. ``runs`` asks diagnosers about plants, ``scoring`` counts,
``table`` and ``figure`` show. Only the command line imports any of it.
"""
