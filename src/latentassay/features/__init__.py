"""Features of images and other observations, in which quality is measured."""

from latentassay.features.efficientnet import EfficientNetLite0
from latentassay.features.embed import DEFAULT, Extractor, embed, load

__all__ = ["DEFAULT", "EfficientNetLite0", "Extractor", "embed", "load"]
