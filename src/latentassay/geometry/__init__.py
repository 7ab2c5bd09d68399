"""Geometry of latent spaces: distances, geodesics, and how much a decoder stretches.

Functions take arrays and a ``decode`` callable, or a model where they need its codes. What changes when units are moved
one at a time is measured in ``responses``, what lies where in a picture in ``spatial``; nothing here draws or judges.
"""

from latentassay.geometry.alignment import PCAAlignment, pca_alignment
from latentassay.geometry.curves import Geodesics
from latentassay.geometry.density import Density, density_geodesic
from latentassay.geometry.eigenfaces import Eigenfaces, nonlinear_eigenfaces
from latentassay.geometry.embedding import Embedding, embedding_geometry
from latentassay.geometry.fisher_rao import FisherRaoGeodesic, fisher_rao_distance, fisher_rao_geodesic
from latentassay.geometry.interpolate import LATENT_METRICS, Interpolation, interpolate
from latentassay.geometry.orthogonality import Orthogonality, distance_to_orthogonality
from latentassay.geometry.permutations import SignedPermutation, nearest_signed_permutation
from latentassay.geometry.precision import NoiseFloor, noise_floor
from latentassay.geometry.principal import PrincipalSpectrum, principal_spectrum
from latentassay.geometry.pullback import pullback_geodesic
from latentassay.geometry.spherical import slerp
from latentassay.geometry.volume import decoder_jacobian, volume_element

__all__ = [
    "LATENT_METRICS",
    "Density",
    "Eigenfaces",
    "Embedding",
    "FisherRaoGeodesic",
    "Geodesics",
    "Interpolation",
    "NoiseFloor",
    "Orthogonality",
    "PCAAlignment",
    "PrincipalSpectrum",
    "SignedPermutation",
    "decoder_jacobian",
    "density_geodesic",
    "distance_to_orthogonality",
    "embedding_geometry",
    "fisher_rao_distance",
    "fisher_rao_geodesic",
    "interpolate",
    "nearest_signed_permutation",
    "noise_floor",
    "nonlinear_eigenfaces",
    "pca_alignment",
    "principal_spectrum",
    "pullback_geodesic",
    "slerp",
    "volume_element",
]
