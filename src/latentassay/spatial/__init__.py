"""Spatial latents: how far changes spread, where information lies, and whether latents follow their pictures.

Functions take latents ``(n, c, *sides)`` of one to three dimensions, with more than one place, and a model or codes of
data. What asks nothing of places is measured in ``responses`` and ``geometry``; nothing here draws or judges.
"""

from latentassay.spatial.activity import ActivityMaps, activity_maps
from latentassay.spatial.channels import (
    ChannelCorrelations,
    ChannelEffects,
    channel_correlations,
    channel_effects,
    twins,
)
from latentassay.spatial.equivariance import SpatialEquivariance, spatial_equivariance
from latentassay.spatial.kernel import SpatialKernel, spatial_response_kernel
from latentassay.spatial.places import is_spatial
from latentassay.spatial.smuggling import GlobalPlaces, PlaceEffects, global_places, place_effects
from latentassay.spatial.spectrum import LatentSpectrum, Spectrum, latent_spectrum

__all__ = [
    "ActivityMaps",
    "ChannelCorrelations",
    "ChannelEffects",
    "GlobalPlaces",
    "LatentSpectrum",
    "PlaceEffects",
    "SpatialEquivariance",
    "SpatialKernel",
    "Spectrum",
    "activity_maps",
    "channel_correlations",
    "channel_effects",
    "global_places",
    "is_spatial",
    "latent_spectrum",
    "place_effects",
    "spatial_equivariance",
    "spatial_response_kernel",
    "twins",
]
