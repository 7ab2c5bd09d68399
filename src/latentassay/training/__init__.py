"""Training: ``fit`` a model to data, and ``load_run`` what it left on disk."""

from latentassay.training.classifier import Classifier, train_classifier
from latentassay.training.loop import fit
from latentassay.training.run import Run, load_run
from latentassay.training.schedules import cosine, halved

__all__ = ["Classifier", "Run", "cosine", "fit", "halved", "load_run", "train_classifier"]
