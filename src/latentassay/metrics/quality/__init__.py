"""Scores of observations: generated beside real ones, and reconstructions beside what they were made from.

What reads codes belongs in ``metrics.disentanglement``.
"""
