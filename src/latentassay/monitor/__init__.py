"""Assays while a model trains, within a share of its time: numbers for loggers, and warnings by name.

What disturbs training, what prints and what knows a framework each have a file; ``changes`` is pure.
"""

from latentassay.monitor.monitor import Monitor, MonitorWarning

__all__ = ["Monitor", "MonitorWarning"]
