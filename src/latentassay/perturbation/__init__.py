"""Perturbed data sets: values moved by ε at most, factors unchanged, so that entangled VAEs rebuild them better."""

from latentassay.data.perturbed import load_perturbed
from latentassay.perturbation.choice import Choice, most_and_least
from latentassay.perturbation.control import remake, uniform_noise
from latentassay.perturbation.dataset import manipulation, perturb
from latentassay.perturbation.network import Manipulation, reflect

__all__ = [
    "Choice",
    "Manipulation",
    "load_perturbed",
    "manipulation",
    "most_and_least",
    "perturb",
    "reflect",
    "remake",
    "uniform_noise",
]
