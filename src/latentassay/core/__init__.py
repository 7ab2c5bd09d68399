"""What everything stands on: the door, posteriors, units, observations, contract, errors, storage, progress, findings.

Nothing here knows a question, a metric or a model.
"""
