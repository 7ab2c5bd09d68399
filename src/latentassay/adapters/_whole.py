"""A module with both halves, brought behind the door as it is: what it leaves unsaid is learnt from a few rows."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from latentassay.adapters._answers import Output, as_observation, as_posterior
from latentassay.adapters._wrap import choose, wrap
from latentassay.core.autoencoder import Autoencoder, device_and_dtype, eval_mode, modules_of
from latentassay.core.callables import AnyFloat
from latentassay.core.codebooks import nearest_entries, split_codes
from latentassay.core.errors import ContractError, InputError
from latentassay.core.guard import ask, first_layer
from latentassay.core.observations import as_observations, fit_layout
from latentassay.core.posteriors import Point

TRIED = 64
"""Rows that tell a log-variance from a deviation; the shape of a latent is seen in the first two."""

EXACTLY = 1e-8
"""Codes are entries of a table if they lie no further from them, squared, in variances of the entries."""

CLEARLY = 0.5
"""One reading is believed where its sampled codes are decoded with at most this share of the other's error."""


class Whole(NamedTuple):
    """A model behind the door.

    Attributes:
        model: it.
        name: of its class.
        assumed: what was assumed, in one line with the options that change it; empty where nothing was.
        options: of ``la.wrap``, by which the same is said.
    """

    model: Autoencoder
    name: str
    assumed: str
    options: dict[str, Any]


def as_autoencoder(model: Any, data: Any) -> Whole:
    """Bring a model behind the door; of a torch module or a pair, shapes and outputs are learnt from rows of data.

    Args:
        model: an ``Autoencoder``, or whatever ``la.wrap`` takes.
        data: observations, at least two.

    Raises:
        InputError: no adapter takes the model, or which of two readings is meant cannot be told.
        ContractError: the encoder fails on these rows, or returns what stands for no posterior.

    >>> net = torch.nn.Module()
    >>> net.encoder, net.decoder = torch.nn.Linear(6, 2), torch.nn.Linear(2, 6)
    >>> as_autoencoder(net, torch.rand(8, 6)).model.latent_shape
    (2,)
    """
    name = "torch pair" if isinstance(model, tuple | list) else type(model).__name__
    if isinstance(model, Autoencoder):
        return Whole(model, name, "", {})
    adapter, halves = choose(model)
    if adapter.name != "torch":
        return Whole(wrap(model), name, "", {})
    probe = wrap(model, latent_shape=(1,))
    tried = _Halves(halves, modules_of(probe))
    rows = fit_layout(tried, as_observations(data))
    x = rows.batch(torch.arange(min(TRIED, len(rows))))
    x = x.to(*device_and_dtype(probe, x))
    with eval_mode(probe):
        answer = tried.answer(x[:2])
        joined = _is_joined(tried, answer)
        output = "mean_logvar" if joined else _tell_output(tried, x, name) if _is_pair(answer) else "mean"
        posterior = as_posterior(answer, output)
    shape = tuple(posterior.mean.shape[1:])
    prior = None if isinstance(posterior, Point) else "normal"
    options: dict[str, Any] = {"latent_shape": shape}
    options |= {"output": output} if output != "mean" else {}
    options |= {"prior": prior} if prior else {}
    said = [f"{key}={value!r}" for key, value in options.items()]
    path, entries = find_codebook(modules_of(probe), posterior.mean) if prior is None else ("", None)
    if entries is not None:
        options["codebook"] = entries
        said.append(f"codebook=model.{path}")
    assumed = f"assumed of {name}: {', '.join(said)}; change it by la.wrap(model, {said[0]}, …)"
    return Whole(wrap(model, **options), name, assumed, options)


def find_codebook(modules: Iterable[nn.Module], codes: Tensor) -> tuple[str, Tensor | None]:
    """Return the name and the entries of the table of which all codes are entries; an empty name where there is none.

    Args:
        modules: what a model consists of.
        codes: what its encoder returned, ``(n, *latent_shape)``.
    """
    for root in modules:
        for name, table in (*root.named_parameters(), *root.named_buffers()):
            if table.ndim == 2 and table.is_floating_point() and len(table) > 1 and _are_entries(codes, table):
                return name, table.detach()
    return "", None


def _are_entries(codes: Tensor, table: Tensor) -> bool:
    if table.shape[1] != codes.shape[1] and (codes.ndim > 2 or codes.shape[1] % table.shape[1]):
        return False
    vectors, entries = split_codes(codes, table.shape[1]), table.detach().to(codes)
    moved = vectors - entries[nearest_entries(codes, entries)]
    return bool(moved.square().sum() <= EXACTLY * (entries - entries.mean(0)).square().mean() * vectors.numel())


class _Halves:
    """The halves of a model of which nothing is known yet, to try on which layout of data they go."""

    takes_any_float = True

    def __init__(self, halves: tuple[Any, ...], modules: tuple[Any, ...]):
        self._halves, self.torch_modules = halves, modules

    def answer(self, x: Tensor) -> Any:
        """Return what the encoder says, whatever that is."""
        return ask(AnyFloat(self._halves[0]), x, lambda: f"encode {first_layer(self, x)}")

    def encode(self, x: Tensor) -> Point:
        """Return the code without its spread."""
        answer = self.answer(x)
        return Point(as_posterior(answer[0] if _is_pair(answer) else answer, "mean").mean)

    def decode(self, z: Tensor) -> Tensor:
        """Return the decoder's answer."""
        return as_observation(ask(AnyFloat(self._halves[1]), z, lambda: "decode"))


def _is_pair(answer: Any) -> bool:
    tensors = isinstance(answer, tuple | list) and all(isinstance(part, Tensor) for part in answer[:2])
    return tensors and len(answer) >= 2 and not hasattr(answer, "_fields") and answer[0].shape == answer[1].shape


def _is_joined(tried: _Halves, answer: Any) -> bool:
    """Whether means and log-variances lie side by side: the decoder takes half of the answer, and not the whole."""
    if not isinstance(answer, Tensor) or not answer.is_floating_point() or answer.ndim < 2 or answer.shape[1] % 2:
        return False
    return not _is_decoded(tried, answer) and _is_decoded(tried, answer.chunk(2, 1)[0])


def _is_decoded(tried: _Halves, z: Tensor) -> bool:
    try:
        tried.decode(z[:1])
    except ContractError:
        return False
    return True


def _tell_output(tried: _Halves, x: Tensor, name: str) -> Output:
    """Say what the second of a pair is: a log-variance if any value is negative, else what data tell."""
    if any(bool((tried.answer(rows)[1] < 0).any()) for rows in (x[:2], x)):  # two tell most, and many may be slow
        return "mean_logvar"
    mean, second = tried.answer(x)[:2]
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(0)).to(mean)
    spreads = {"mean_logvar": (0.5 * second).exp(), "mean_std": second}
    errors = {key: _error(tried.decode(mean + spread * noise), x) for key, spread in spreads.items()}
    better, worse = sorted(errors, key=lambda key: errors[key])
    if not errors[better] <= CLEARLY * errors[worse]:
        raise InputError(
            f"{name}.encode returns a pair whose second is nowhere negative, so it may be a log-variance or "
            f"a deviation; say la.wrap(model, latent_shape={tuple(mean.shape[1:])}, output='mean_logvar') or 'mean_std'"
        )
    return "mean_logvar" if better == "mean_logvar" else "mean_std"


def _error(decoded: Tensor, x: Tensor) -> float:
    return float((decoded - x).double().square().mean()) if decoded.shape == x.shape else float("nan")
