"""The two networks of a model as the page runs them, tried against torch before they are trusted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from latentassay.core.autoencoder import Autoencoder, eval_mode, modules_of
from latentassay.core.errors import ContractError
from latentassay.core.guard import decode_batch, encode_means
from latentassay.explore.graph import Graph, build_graph
from latentassay.explore.operations import TABLE
from latentassay.explore.tracing import Trace, trace
from latentassay.explore.weights import Packed, pack, rounded

CLOSE = 5e-4
"""Greatest error of weights of 16 bits, as a share of what values reach; where it is greater they keep 32 bits."""

SAME = 1e-4
"""Greatest error of a trace on other inputs than its own; where it is greater the model decides by its input."""


@dataclass(frozen=True)
class Networks:
    """Both networks of a model, and their weights.

    Attributes:
        decoder: latents to observations, for a batch of one.
        encoder: observations to posterior means.
        packed: the constants of the decoder, then those of the encoder.
        exact: whether weights have 32 bits.
    """

    decoder: Graph
    encoder: Graph
    packed: Packed
    exact: bool

    def as_json(self) -> dict[str, Any]:
        """Return what the page reads beside the weights."""
        return {
            "decoder": self.decoder.as_json(),
            "encoder": self.encoder.as_json(len(self.decoder.constants)),
            "tensors": list(self.packed.tensors),
        }


def export_networks(model: Autoencoder, z: Tensor) -> Networks:
    """Trace both networks of a model, and see that they answer as the model does.

    Args:
        model: any autoencoder that computes with torch.
        z: a few latents ``(n, *latent_shape)``, at least two; the first is traced, all are tried.

    Raises:
        UnknownOperationError: an operation that the page's interpreter does not know, with its layer.
        ContractError: a model that leaves torch, or whose operations depend on what it is given.
    """
    with eval_mode(model, z) as (device, dtype), torch.no_grad():
        z = z.to(device, dtype)
        x = torch.cat([decode_batch(model, one[None]) for one in z])
        decoder = _Exported(model, lambda one: decode_batch(model, one), z, "decoder")
        encoder = _Exported(model, lambda one: encode_means(model, one).mean, x, "encoder")
        x = decoder.rounded_answers()
        exact = max(decoder.error(x), encoder.error(encoder.rounded_answers(x))) > CLOSE
    constants = [*decoder.graph.constants, *encoder.graph.constants]
    return Networks(decoder.graph, encoder.graph, pack(constants, exact=exact), exact)


class _Exported:
    """A traced network, and what the model answers to some inputs."""

    def __init__(self, model: Autoencoder, ask: Callable[[Tensor], Tensor], inputs: Tensor, name: str):
        self.trace: Trace = trace(ask, inputs[:1], modules_of(model))
        self.graph = build_graph(self.trace, TABLE)
        self._inputs = inputs
        self._answers = torch.cat([ask(one[None]) for one in inputs])
        error = self.error(self._replay(inputs, {}))
        if error > SAME:
            raise ContractError(
                f"the {name} computes otherwise for other inputs (by {error:.2g} of what values reach): it decides by "
                "what it is given, or draws numbers"
            )

    def rounded_answers(self, inputs: Tensor | None = None) -> Tensor:
        """Return what weights of 16 bits answer to the inputs, or to others."""
        tensors = [tensor for call in self.trace.calls for tensor in call.tensors]
        return self._replay(self._inputs if inputs is None else inputs, {id(one): rounded(one) for one in tensors})

    def error(self, answers: Tensor) -> float:
        """Return the greatest error of other answers, as a share of what values reach."""
        reach = float(self._answers.abs().max().clamp(min=1e-12))
        return float((answers - self._answers).abs().max()) / reach

    def _replay(self, inputs: Tensor, constants: dict[int, Tensor]) -> Tensor:
        return torch.cat([self.trace.replay(one[None], constants) for one in inputs])
