"""Training: ``fit`` a model to data, ``fit_many`` side by side, and ``load_run`` what they left on disk."""

from latentassay.training.classifier import Classifier, train_classifier
from latentassay.training.loop import fit
from latentassay.training.many import fit_many
from latentassay.training.run import Run, load_run
from latentassay.training.schedules import cosine, halved
from latentassay.training.vmap_trainer import Training

__all__ = [
    "Classifier",
    "Run",
    "Training",
    "cosine",
    "fit",
    "fit_many",
    "halved",
    "load_run",
    "train_classifier",
]
