"""Does the decoder, asked alone, draw pictures in the layout of the data? A faulty encoder cannot speak for another."""

from jaxtyping import Float
from torch import Tensor

from latentassay.assay.input_checks.mappings import Mapping, mappings_for
from latentassay.assay.input_checks.ranges import ValueRange, deny, doubt
from latentassay.core.levels import GRAVE

CLOSER = 1.02
"""Of two layouts decodings lie in the one that is so many times nearer to the data; between, nobody knows."""


def other_layout(found: ValueRange, x_shape: tuple[int, ...]) -> Mapping | None:
    """Return the mapping that is believed, if it only moves values to other places."""
    mapping = next(each for each in mappings_for(found.facts, x_shape) if each.name == found.best)
    return mapping if mapping.moves_values and found.level in (*GRAVE, "unsure") else None


def check_layout(found: ValueRange, mapping: Mapping, x: Tensor, decoded: Tensor) -> ValueRange:
    """Return the same, unsure or without a verdict if decodings of latents that no encoder chose lie as the data do.

    Two sets of pictures are as near as the mean of ``⟨x, D⟩²`` over all their pairs is large, which compares their
    second moments; rearranging the values of one of them keeps its norms, so that both layouts can be compared.

    Args:
        found: a verdict that values lie in other places.
        mapping: which puts them there.
        x: observations ``(n, *x_shape)``.
        decoded: decodings ``(m, *x_shape)`` of prior samples or hybrids.
    """
    given, moved = _nearness(x, decoded), _nearness(x, mapping.back(decoded))
    if given > CLOSER * moved:
        return deny(found)
    return found if moved > CLOSER * given else doubt(found)


def _nearness(x: Float[Tensor, "n *x_shape"], y: Float[Tensor, "m *x_shape"]) -> float:
    a, b = (part.double().flatten(1) - x.double().mean() for part in (x, y))
    return float((a @ b.T).square().mean())
