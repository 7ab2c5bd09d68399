"""Statistics of batch normalisation: whose they are, and which of them something else than data passes by."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _NormBase


@contextmanager
def keep_statistics(model: Any) -> Iterator[None]:
    """Leave the running means and variances of a model as they are, whatever passes through it meanwhile.

    In evaluation batch normalisation stands on running statistics, which should be those of data. A term of a loss
    that passes hybrids or reconstructions through the same layers would make a mixture of them that fits neither. In
    training such a pass is normalised by its own batch, as ever; in evaluation nothing changes.

    Args:
        model: anything; without modules there is nothing to keep.
    """
    modules = model.modules() if isinstance(model, nn.Module) else ()
    # Without tracking, a layer in training mode normalises by the batch, as always, and updates nothing.
    tracking = [module for module in modules if isinstance(module, _NormBase) and module.track_running_stats]
    for module in tracking:
        module.track_running_stats = False
    try:
        yield
    finally:
        for module in tracking:
            module.track_running_stats = True


@contextmanager
def use_running_statistics(model: Any) -> Iterator[None]:
    """Normalise by the running means and variances of data meanwhile, as evaluation does, and leave them as they are.

    Args:
        model: anything; without modules there is nothing to do.
    """
    modules = model.modules() if isinstance(model, nn.Module) else ()
    training = [module for module in modules if isinstance(module, _NormBase) and module.training]
    for module in training:
        module.eval()
    try:
        yield
    finally:
        for module in training:
            module.train()
