"""Training: ``fit`` a model to data, and ``load_run`` what it left on disk."""

from latentassay.training.loop import fit
from latentassay.training.run import Run, load_run

__all__ = ["Run", "fit", "load_run"]
