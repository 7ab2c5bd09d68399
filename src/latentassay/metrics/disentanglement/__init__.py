"""Scores of codes: one file a metric, with its laws, and the predictors that several of them use.

What compares two sets of observations belongs in ``metrics.quality``; what all metrics do with arrays, in ``metrics``.
"""
