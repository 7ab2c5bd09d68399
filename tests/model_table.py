"""The models that contract tests run on: read from the folder, so that a new file is in every table."""

from latentassay import models
from latentassay.models.catalog import known_models


def small_models():
    """Every name but those whose smallest pictures are 128 × 128."""
    return [name for name in models.NAMES if max(models.describe(name).trial["x_shape"]) < 128]


def distinct_models():
    """The small ones without those that differ from another in their objective alone."""
    seen, names = [], []
    for name in small_models():
        network = known_models()[name].recipe._replace(objective={})
        if network not in seen:
            names.append(name)
            seen.append(network)
    return names


def small_model(name, **options):
    """Build one as its file says that it is small."""
    return models.build(name, **{**models.describe(name).trial, **options})
