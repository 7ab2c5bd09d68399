"""Features of images and other observations, in which quality is measured.

An extractor is any callable; the one that comes with the package is read from its file without running code of others.
Scores of features belong to ``metrics``, and which data are compared to ``evaluation``.
"""

from latentassay.features.efficientnet import EfficientNetLite0
from latentassay.features.embed import DEFAULT, Extractor, embed, load

__all__ = ["DEFAULT", "EfficientNetLite0", "Extractor", "embed", "load"]
