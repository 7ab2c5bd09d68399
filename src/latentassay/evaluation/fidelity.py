"""How good a model's pictures are: reconstructions value by value, and whole pictures by features of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from latentassay import sampling
from latentassay.core.autoencoder import eval_mode, latent_shape_of, to_model
from latentassay.core.errors import ContractError, InputError
from latentassay.core.estimate import Estimate
from latentassay.core.guard import decode_batch, decoder_output_batch, encode_batch, reconstruct_batch
from latentassay.core.observations import TensorObservations, as_observations, finite
from latentassay.core.posteriors import Prior, StandardNormal
from latentassay.core.randomness import as_generator
from latentassay.core.units import Units, as_units
from latentassay.evaluation.pictures import KINDS, PictureSource, Streams, check_range, explain_missing, pictures
from latentassay.features import DEFAULT, Extractor, embed, load
from latentassay.metrics.quality.frechet import Frechet, frechet_distance
from latentassay.metrics.quality.kernel import KernelDistance, kernel_distance
from latentassay.stats.intervals import mean_of_rows
from latentassay.stats.likelihoods import Bernoulli

PAIRED = ("reconstruction", "posterior")
"""Those that are made from the very rows they are compared with, one each."""

BATCH_SIZE = 128


class Distances(NamedTuple):
    """Distances of one kind of pictures from real ones, in the extractor's features.

    Attributes:
        frechet: Fréchet distance (FID, if the features are Inception's); compare it at equal n only.
        kernel: kernel distance (KID), which has no bias at any n.
    """

    frechet: Frechet
    kernel: KernelDistance


class Fidelity(NamedTuple):
    """Quality of reconstructions and samples.

    Attributes:
        bce: cross entropy of reconstructions in nats per observation, a sum over its values; ``None`` if not asked for.
        mse: their squared error, a mean over values.
        distances: kind → its distances.
        left_out: kind → why it could not be made.
        features: name of the extractor.
        n: rows that everything rests on.
        variant: all choices in words.
    """

    bce: Estimate | None
    mse: Estimate
    distances: Mapping[str, Distances]
    left_out: Mapping[str, str]
    features: str
    n: int
    variant: str


def fidelity(
    model: Any,
    data: Any,
    *,
    generator: Generator | int = 0,
    n: int = 2000,
    kinds: Sequence[str] = ("reconstruction", "prior", "hybrid"),
    extractor: str | Extractor | None = DEFAULT,
    units: Units | Any = None,
    stored: Any = None,
    prior: Prior | str | None = None,
    cross_entropy: bool = True,
    resamples: int = 10,
    batch_size: int = BATCH_SIZE,
) -> Fidelity:
    """Compare reconstructions, and decodings of sampled latents, with real observations (SA 3, figures 2, 3, 8, 9).

    Reconstructions are decodings of posterior means: ``BCE = −Σ [x log p + (1 − x) log(1 − p)]``, a sum over values and
    a mean over rows, and ``MSE``, a mean over both. Distances of reconstructions, and of decoded posterior samples, are
    those of pairs: no row meets its own (``kernel_distance``). All others are of sets drawn apart, and lie higher.

    Features of the real rows are computed once, all else passes in batches: what is kept of a picture are its features.

    Args:
        model: any autoencoder.
        data: unseen observations, images in [0, 1]; n of them, drawn at random, are what is compared with.
        generator: draws rows and latents, from a stream for each kind: none depends on which others are asked for.
        n: pictures of each kind; all of the data's rows if they are fewer.
        kinds: some of ``KINDS``: ``"posterior"``, ``"hybrid"``, ``"uniform"`` and ``"prior"`` are decodings of latents
            as ``sampling.draw`` makes them; ``"real"``, other real rows, says what perfect samples would score.
        extractor: as ``features.embed`` takes it; ``None`` measures errors of reconstructions alone.
        units: what a hybrid draws as one: the model's ``variables`` where it has such, else the default ones.
        stored: observations of which 128 give the latents of hybrids, the training set in the paper; rows of the data
            that are not compared with, where left out and where there are as many.
        prior: of a model that names none but was trained towards one, as a WAE is towards N(0, I), ``"normal"``.
        cross_entropy: measure BCE, which needs data in [0, 1]; decodings are clipped to that before features are taken.
        resamples: random halves for the intervals of Fréchet distances; 0 for none.
        batch_size: observations at a time.

    Raises:
        InputError: options or data are not as said, such as data outside [0, 1].
        ContractError: the model cannot both encode and decode.

    Warns:
        FewRowsWarning: no more rows than features.

    >>> from latentassay import from_torch
    >>> model = from_torch(lambda x: x, lambda z: z, latent_shape=(4,))
    >>> found = fidelity(model, torch.rand(50, 4), generator=torch.Generator(), extractor=lambda x: x)
    >>> round(found.mse, 6), round(found.distances["reconstruction"].frechet.score, 6), found.left_out
    (0.0, 0.0, {'prior': 'the model has none'})
    """
    generator = as_generator(generator)
    wanted, observations = _check_options(model, kinds, n, batch_size), as_observations(data)
    run = load(extractor) if isinstance(extractor, str) else extractor
    streams = Streams(int(torch.randint(2**31, (1,), generator=generator, device=generator.device)))
    order = torch.randperm(len(observations), generator=streams.of("rows")).numpy()
    chosen = as_units(getattr(model, "variables", None) if units is None else units, latent_shape_of(model))
    source = PictureSource(
        model=model,
        data=observations,
        order=order,
        n=min(n, len(order)),
        stored=stored,
        units=chosen,
        prior=_prior(model, prior),
        streams=streams,
    )
    passed = _reconstruct(source, run, cross_entropy, batch_size)
    left_out = {kind: why for kind in wanted if (why := explain_missing(source, kind))}
    distances = {}
    for kind in wanted:
        if run is not None and kind not in left_out:
            features = passed.decoded
            if kind != "reconstruction":
                batches = pictures(source, kind, cross_entropy, batch_size)
                features = _stack([_features(images, run) for images in batches])
            distances[kind] = _distances(passed.real, features, kind in PAIRED, resamples, streams.seed)
    name = "none" if run is None else str(getattr(run, "name", type(run).__name__))
    return Fidelity(
        bce=passed.bce,
        mse=passed.mse,
        distances=distances,
        left_out=left_out,
        features=name,
        n=source.n,
        variant=_variant(source, name, cross_entropy),
    )


def squared_errors(model: Any, data: Any, *, batch_size: int = BATCH_SIZE) -> Float[Tensor, " n"]:
    """Return every row's squared error per value of the decoding of its posterior mean, in float64.

    >>> from latentassay import from_torch
    >>> squared_errors(from_torch(lambda x: x, lambda z: z + 1, latent_shape=(4,)), torch.zeros(3, 4)).tolist()
    [1.0, 1.0, 1.0]
    """
    observations, found = as_observations(data), list[Tensor]()
    with eval_mode(model):
        for block in sampling.blocks(len(observations), batch_size, "reconstructing"):
            x = to_model(model, observations.batch(np.arange(block.start, block.stop)))
            decoded = finite(reconstruct_batch(model, encode_batch(model, x).mean, x), "decodings")
            found.append((decoded - x).double().square().flatten(1).mean(1).cpu())
    return torch.cat(found)


class _Passed(NamedTuple):
    """Errors of reconstructions, and features of real rows and of reconstructions."""

    bce: Estimate | None
    mse: Estimate
    real: Float[np.ndarray, "n k"]
    decoded: Float[np.ndarray, "n k"]


def _reconstruct(source: PictureSource, run: Extractor | None, bounded: bool, batch_size: int) -> _Passed:
    """Encode and decode every row once."""
    decode, errors, entropies = _decoder(source.model), list[Tensor](), list[Tensor]()
    real, decodings = list[np.ndarray](), list[np.ndarray]()
    with eval_mode(source.model):
        for block in sampling.blocks(source.n, batch_size, "reconstructing"):
            x = to_model(source.model, check_range(source.data.batch(source.order[: source.n][block]), bounded))
            decoded, logits = decode(encode_batch(source.model, x).mean)
            if decoded.shape != x.shape:
                raise ContractError(f"decode must return the shape of x, {tuple(x.shape)}, got {tuple(decoded.shape)}")
            errors.append((finite(decoded, "decodings") - x).double().square().flatten(1).mean(1))
            if bounded:
                entropy = binary_cross_entropy_with_logits(logits.double(), x.double(), reduction="none")
                entropies.append(entropy.flatten(1).sum(1))
            if run is not None:
                real.append(_features(x, run))
                decodings.append(_features(decoded.clamp(0, 1) if bounded else decoded, run))
    bce = mean_of_rows(torch.cat(entropies)) if bounded else None
    return _Passed(bce, mean_of_rows(torch.cat(errors)), _stack(real), _stack(decodings))


def _decoder(model: Any) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """Latents to mean observations and their logits; logits of means at 0 or 1 are those of the nearest between."""
    if isinstance(getattr(model, "likelihood", None), Bernoulli) and hasattr(model, "decoder_output"):

        def exact(z: Tensor) -> tuple[Tensor, Tensor]:
            logits = decoder_output_batch(model, z)
            return model.likelihood.mean(logits), logits

        return exact

    def from_mean(z: Tensor) -> tuple[Tensor, Tensor]:
        mean = decode_batch(model, z)
        return mean, mean.double().logit(eps=torch.finfo(torch.float32).eps)

    return from_mean


def _features(images: Tensor, run: Extractor) -> Float[np.ndarray, "n k"]:
    return embed(TensorObservations(images.float().cpu()), run, batch_size=len(images))


def _stack(parts: Sequence[np.ndarray]) -> Float[np.ndarray, "n k"]:
    return np.concatenate(parts) if parts else np.empty((0, 0))


def _distances(real: np.ndarray, other: np.ndarray, paired: bool, resamples: int, seed: int) -> Distances:
    return Distances(
        frechet_distance(real, other, paired=paired, resamples=resamples, generator=seed),
        kernel_distance(real, other, paired=paired, generator=seed),
    )


def _variant(source: PictureSource, features: str, bounded: bool) -> str:
    units = "scalars" if source.units.are_scalars else f"{len(source.units)} units"
    clipped = ", decodings clipped to [0, 1]" if bounded else ""
    return (
        f"reconstructions from posterior means, distances of {features}{clipped}; posterior samples likewise in "
        f"pairs; hybrids of {units} from {sampling.POOL} stored posterior samples; n = {source.n}"
    )


def _prior(model: Any, prior: Any) -> Prior | None:
    if isinstance(prior, str) and prior != "normal":
        raise InputError(f"prior must be 'normal', a Prior or None, got {prior!r}")
    found: Prior | None = StandardNormal(latent_shape_of(model)) if prior == "normal" else prior
    return getattr(model, "prior", None) if found is None else found


def _check_options(model: Any, kinds: Sequence[str], n: Any, batch_size: Any) -> tuple[str, ...]:
    if missing := [part for part in ("encode", "decode", "latent_shape") if not hasattr(model, part)]:
        raise ContractError(
            f"{type(model).__name__} lacks {', '.join(missing)}; reconstructions need an autoencoder, see la.from_torch"
        )
    if isinstance(kinds, str) or (unknown := [kind for kind in kinds if kind not in KINDS]):
        raise InputError(f"kinds must be some of {KINDS}, got {kinds if isinstance(kinds, str) else unknown}")
    for name, value, fewest in (("n", n, 4), ("batch_size", batch_size, 1)):
        if isinstance(value, bool) or not isinstance(value, int) or value < fewest:
            raise InputError(f"{name} must be an integer from {fewest} on, got {value!r}")
    return tuple(dict.fromkeys(kinds))
