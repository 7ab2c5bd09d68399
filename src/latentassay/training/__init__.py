"""Training: ``fit`` a model to data, and ``load_run`` what it left on disk."""

from latentassay.training.loop import fit
from latentassay.training.run import Run, load_run
from latentassay.training.schedules import cosine

__all__ = ["Run", "cosine", "fit", "load_run"]
