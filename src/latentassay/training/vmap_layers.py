"""Layers written so that ``torch.vmap`` takes them, in the place of those that it cannot take."""

from torch import Tensor, nn


class PlainGroupNorm(nn.Module):
    """Group normalisation by means and squares, whose weights have the names of ``torch.nn.GroupNorm``'s.

    ``torch.vmap`` has no rule for the backward pass of torch's own.

    Args:
        layer: what it stands for; its weights are shared.
    """

    def __init__(self, layer: nn.GroupNorm):
        super().__init__()
        self.weight, self.bias = layer.weight, layer.bias
        self._groups, self._eps, self._is_affine = layer.num_groups, layer.eps, layer.affine

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``(n, channels, ...)``."""
        grouped = x.reshape(len(x), self._groups, -1)
        centred = grouped - grouped.mean(-1, keepdim=True)
        scaled = (centred * (centred.square().mean(-1, keepdim=True) + self._eps).rsqrt()).reshape(x.shape)
        if not self._is_affine:
            return scaled
        shape = (1, -1, *(1 for _ in x.shape[2:]))
        moved: Tensor = scaled * self.weight.reshape(shape) + self.bias.reshape(shape)
        return moved


def replace_layers(model: nn.Module) -> nn.Module:
    """Replace, in place, every layer that ``torch.vmap`` cannot take; names and weights stay.

    >>> [type(layer).__name__ for layer in replace_layers(nn.Sequential(nn.Linear(2, 4), nn.GroupNorm(2, 4)))]
    ['Linear', 'PlainGroupNorm']
    """
    for name, layer in model.named_children():
        if isinstance(layer, nn.GroupNorm):
            setattr(model, name, PlainGroupNorm(layer))
        else:
            replace_layers(layer)
    return model
