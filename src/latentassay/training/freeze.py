"""Parts of a model that training leaves exactly as they are."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import nn

from latentassay.core.errors import InputError


@contextmanager
def freeze_parts(model: nn.Module, names: Sequence[str]) -> Iterator[None]:
    """Freeze some submodules meanwhile: no parameter of theirs is trained, and they are in evaluation mode.

    So neither dropout nor running statistics of a normalisation are at work there. What required gradients, and each
    module's mode, is left as it was found. Gradients pass through to whatever comes before.

    Args:
        model: any module.
        names: its submodules, such as ``["encoder"]`` or ``["body.decoder"]``.

    Raises:
        InputError: a name is given that no submodule has.

    >>> model = nn.ModuleDict({"encoder": nn.Linear(2, 1), "decoder": nn.Linear(1, 2)})
    >>> with freeze_parts(model, ["encoder"]):
    ...     [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    ['decoder.weight', 'decoder.bias']
    """
    parts = [_part(model, name) for name in names]
    modes = [(module, module.training) for part in parts for module in part.modules()]
    learning = [parameter for part in parts for parameter in part.parameters() if parameter.requires_grad]
    try:
        for part in parts:
            part.eval().requires_grad_(False)
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)
        for module, training in modes:
            module.training = training


def _part(model: nn.Module, name: str) -> nn.Module:
    known: dict[str, nn.Module] = dict(model.named_modules())
    if not name or name not in known:
        children = ", ".join(child for child, _ in model.named_children())
        raise InputError(f"freeze must name parts of the model such as {children}, got {name!r}")
    return known[name]
