"""Any encoder and decoder written in torch, as modules or plain callables."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from latentassay.adapters._adapter import Adapter, Example
from latentassay.core.errors import InputError

if TYPE_CHECKING:
    from latentassay.adapters._torch_pair import TorchPair


def from_torch(
    encode: Any,
    decode: Any,
    *,
    latent_shape: Sequence[int] | int,
    prior: Any = None,
    output: Any = "mean",
    codebook: Any = None,
) -> "TorchPair":
    """Bring any pair of torch modules or callables behind the door.

    Args:
        encode: observations ``(n, *x_shape)`` to a tensor (the code), a pair named by ``output``, or a
            ``torch.distributions`` object (``Normal``, ``Independent`` of it, or ``MultivariateNormal``).
        decode: latents ``(n, *latent_shape)`` to the mean observation ``(n, *x_shape)``, not logits.
        latent_shape: shape of one latent, e.g. ``(24,)`` or ``(4, 32, 32)``.
        prior: ``"normal"`` for N(0, I), another ``Prior``, or ``None`` for a plain autoencoder.
        output: what a pair means: ``"mean_logvar"`` (log σ²) or ``"mean_std"`` (σ).
        codebook: entries ``(k, size)`` of a quantised model, or the ``nn.Embedding`` that holds them; ``size`` is the
            number of channels of a spatial latent, or divides the length of a vector.

    Raises:
        InputError: an argument is not of its kind.
        ContractError: later, when the encoder's answer is not what was said.

    >>> model = from_torch(lambda x: x[:, :2], lambda z: torch.cat([z, z], 1), latent_shape=(2,))
    >>> model.encode(torch.ones(1, 4)).mean
    tensor([[1., 1.]])
    """
    from latentassay.adapters._pictures import as_prior
    from latentassay.adapters._torch_pair import TorchPair
    from latentassay.core.codebooks import check_codebook

    shape = (latent_shape,) if isinstance(latent_shape, int) else tuple(latent_shape)
    for name, function in (("encode", encode), ("decode", decode)):
        if not callable(function):
            raise InputError(f"{name} must be a torch module or a callable, got {type(function).__name__}")
    if output not in ("mean", "mean_logvar", "mean_std"):
        raise InputError(f"output must be 'mean', 'mean_logvar' or 'mean_std', got {output!r}")
    entries = None if codebook is None else check_codebook(codebook, shape)
    return TorchPair(encode, decode, shape, as_prior(prior, shape), output, entries)


def _takes(model: Any) -> tuple[Any, ...] | None:
    """A pair, or the two halves of a model, whichever names they go by."""
    if isinstance(model, tuple | list):
        return tuple(model) if len(model) == 2 else None
    for names in (("encode", "decode"), ("encoder", "decoder")):
        halves = tuple(getattr(model, name, None) for name in names)
        if all(callable(half) for half in halves):
            return halves
    return None


def _example() -> Example:
    import torch

    pair = (torch.nn.Linear(5, 4), torch.nn.Linear(4, 5))
    return Example(pair, {"latent_shape": (4,)}, torch.rand(6, 5))


ADAPTER = Adapter(
    name="torch",
    takes=_takes,
    usage="la.wrap((encode, decode), latent_shape=(24,)), and output='mean_logvar' if encode answers "
    "(mean, log-variance)",
    wraps=from_torch,
    example=_example,
    fallback=True,
)
