"""Models that make no numbers of some latents, or fail on them: those are counted, and the others are asked on."""

from dataclasses import replace
from typing import Any, final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from latentassay.assay.context import Context
from latentassay.assay.settling import how_to_settle
from latentassay.assay.wording import listing
from latentassay.core.autoencoder import Autoencoder, eval_mode, modules_of, to_model, weights_of
from latentassay.core.errors import LatentAssayError
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Section
from latentassay.core.guard import decode_batch, encode_batch
from latentassay.core.levels import Bounds, grade, worst
from latentassay.core.observations import Observations
from latentassay.core.posteriors import DiagonalGaussian, Point, Posterior
from latentassay.sampling import Codes, hybrid, prior
from latentassay.stats.intervals import wilson

COUNTED = 512
"""Samples of every kind that are decoded to count those of which the model makes no numbers."""

SHOWN = 3
"""Numbers of a latent that a sentence shows, those furthest from the mean first."""

ABSURD = 1e6
"""So many times as large as the codes of half of the rows none is by chance: it is an overflow, if not yet infinite."""

NOTHING = Bounds(
    0.0,
    1e-3,
    0.01,
    "share of latents, or observations, without an answer; one in a thousand is met by everybody who samples",
)

EXCHANGED = "latents of which one unit was exchanged"
"""What a response matrix is measured on."""

CAVEAT = "Latents of which the model makes no numbers were taken to decode to the mean of all decodings."


@final
class Answering:
    """A model that answers for every latent: with the mean of all decodings where its own answer is no number.

    Attributes:
        model: whose answers these are.
        lost: how many latents it had to answer for.
    """

    def __init__(self, model: Autoencoder, fill: Tensor, centre: Tensor):
        self.model, self._fill, self._centre, self.lost = model, fill, centre, 0
        self.latent_shape, self.prior = tuple(model.latent_shape), model.prior
        self.torch_modules, self.torch_tensors = modules_of(model), tuple(weights_of(model))
        self.takes_any_float = getattr(model, "takes_any_float", False)

    def encode(self, x: Tensor) -> Posterior:
        """Return q(z|x); the mean code, without noise, where the encoder makes no numbers."""
        q = encode_batch(self.model, x)
        bad = ~torch.isfinite((q.mean + q.std).flatten(1).sum(1))
        if not bool(bad.any()):
            return q
        self.lost += int(bad.sum())
        at = bad.view(-1, *[1] * (q.mean.ndim - 1))
        mean = torch.where(at, self._centre.to(q.mean), q.mean)
        return Point(mean) if isinstance(q, Point) else DiagonalGaussian(mean, torch.where(at, 0.0, q.std))

    def decode(self, z: Tensor) -> Tensor:
        """Decode latents; those that make a batch fail are found by halving it."""
        x = _decode(self.model, z, self._fill)
        bad = ~torch.isfinite(x.flatten(1).sum(1))
        if not bool(bad.any()):
            return x
        self.lost += int(bad.sum())
        return torch.where(bad.view(-1, *[1] * (x.ndim - 1)), self._fill.to(x), x)


def _decode(model: Autoencoder, z: Tensor, like: Tensor) -> Tensor:
    """Decode a batch; rows on which the model fails become NaN."""
    try:
        return decode_batch(model, z)
    except LatentAssayError:
        if len(z) == 1:
            return torch.full_like(like, torch.nan).to(z)[None]
        return torch.cat([_decode(model, half, like) for half in z.chunk(2)])


def dropping(model: Autoencoder, like: Tensor) -> Any:
    """Return the model, which answers NaN for latents that it fails on; a response matrix leaves those out.

    Args:
        model: any autoencoder.
        like: one observation.
    """
    return Answering(model, torch.full_like(like, torch.nan), torch.full(tuple(model.latent_shape), torch.nan))


def readable(model: Autoencoder, data: Observations, order: Int[Tensor, " n"], batch_size: int) -> Int[Tensor, " m"]:
    """Return the rows of which the encoder makes numbers that are not absurd, in their order."""
    sizes = []
    with eval_mode(model):
        for rows in torch.split(order, batch_size):
            q = encode_batch(model, to_model(model, data.batch(rows)))
            sizes.append(_sizes(q.mean, q.std).cpu())
    return order[~_absurd(torch.cat(sizes))]


def has_absurd(codes: Codes) -> bool:
    """Whether some rows have codes so large that they would be all that there is to measure."""
    return bool(_absurd(_sizes(codes.mean, codes.std)).any())


def _sizes(mean: Tensor, std: Tensor) -> Float[Tensor, " n"]:
    """The largest number of every row's code; NaN and infinity stay."""
    return torch.maximum(mean.double().abs(), std.double()).flatten(1).amax(1)


def _absurd(sizes: Float[Tensor, " n"]) -> Bool[Tensor, " n"]:
    """Which rows have codes that are no numbers, or many times as large as half of the rows have."""
    usual = sizes[torch.isfinite(sizes)]
    most = ABSURD * float(usual.median()) if len(usual) else 0.0
    return ~torch.isfinite(sizes) | ((sizes > most) if most > 0 else torch.zeros_like(sizes, dtype=torch.bool))


def reconstructed(
    model: Autoencoder, data: Observations, order: Int[Tensor, " n"], batch_size: int
) -> Int[Tensor, " m"]:
    """Return the rows whose codes and reconstructions are numbers, in their order."""
    kept, codes = [], readable(model, data, order, batch_size)
    with eval_mode(model):
        for rows in torch.split(codes, batch_size) if len(codes) else ():  # of no rows, torch makes one part
            x = data.batch(rows)
            decoded = _decode(model, encode_batch(model, to_model(model, x)).mean, x[0])
            kept.append(rows[torch.isfinite(decoded.flatten(1).sum(1)).cpu()])
    return torch.cat(kept) if kept else order[:0]


def answering(context: Context) -> Context:
    """Return the same, whose model answers for every latent."""
    x, lost = _decode_all(context, context.codes.mean[:COUNTED])
    fill = context.x(slice(1))[0] if bool(lost.all()) else x[~lost].mean(0)
    model: Any = Answering(context.model, fill, context.codes.mean.mean(0))
    return replace(context, model=model)


def lost_section(context: Context) -> Section:
    """Count the samples of every kind that decode to no numbers, or make the decoder fail.

    Args:
        context: with the model itself.
    """
    kinds = {"posterior samples": context.z[:COUNTED]}
    if context.mixes:
        kinds["hybrid samples"] = hybrid(
            context.z, COUNTED, generator=context.generator("lost"), units=context.variables, pool=None
        )
    if context.model.prior is not None:
        kinds["prior samples"] = prior(context.model, COUNTED, generator=context.generator("lost"))
    shares, examples = {}, []
    for kind, z in kinds.items():
        lost = _decode_all(context, z)[1]
        shares[kind] = _share(int(lost.sum()), len(z))
        examples += list(z[lost][:1])
    if context.matrix.lost:
        # Latents of one row that differ in one unit are not independent: they count as often as there are rows.
        n = max(context.matrix.used)
        shares[EXCHANGED] = _share(context.matrix.lost * n, n)
    findings = [_finding(shares, examples, context)] if any(shares.values()) else []
    findings += [_unread(context)] if context.unread else []
    text = "Does the model answer for every latent?"
    return Section("answers", "Answers that are no numbers", text, findings=tuple(findings))


def _decode_all(context: Context, z: Tensor) -> tuple[Tensor, Bool[Tensor, " n"]]:
    """Decodings, and which of them, or of the codes of which, are no numbers."""
    parts, lost, like = [], [], context.x(slice(1))[0]
    with eval_mode(context.model, z) as (device, dtype):
        for part in torch.split(z, context.batch_size):
            x = _decode(context.model, part.to(device, dtype), like)
            bad = ~torch.isfinite(x.flatten(1).sum(1))
            kept = torch.where(bad.view(-1, *[1] * (x.ndim - 1)), like.to(x), x)
            bad |= ~torch.isfinite(encode_batch(context.model, kept).mean.flatten(1).sum(1))
            parts.append(x.cpu())
            lost.append(bad.cpu())
    return torch.cat(parts), torch.cat(lost)


def _share(lost: float, n: int) -> Estimate:
    share, ends = lost / n, wilson(round(lost), n)
    return Estimate(share, low=min(share, ends.low), high=max(share, ends.high), n=n)


def _finding(shares: dict[str, Estimate], examples: list[Tensor], context: Context) -> Finding:
    counted = listing([f"{share.scaled(100)} % of {kind}" for kind, share in shares.items() if share > 0])
    example = f" ({_example(examples[0], context)})" if examples else ""
    aside = "; the last were left out of what is said of units" if context.matrix.lost else ""
    return _counted(
        "lost",
        f"The model makes NaN or infinite values, or fails, of {counted}{example}{aside}.",
        max(shares.values()),
        "Look for a logarithm, a root, a division or a table in the model that meets values no data bring.",
    )


def _unread(context: Context) -> Finding:
    asked = len(context.order) + context.unread
    return _counted(
        "unread",
        f"The encoder makes NaN or infinite values, or some {ABSURD:,.0f} times as large as usual, of {context.unread} "
        f"of {asked} observations; they were left out.",
        _share(context.unread, asked),
        "Look at these observations, and for an overflow in the encoder.",
    )


def _counted(key: str, sentence: str, share: Estimate, remedy: str) -> Finding:
    """Return a finding on what has no answer, which is never good."""
    return Finding(
        f"answers.{key}",
        sentence,
        worst([grade(share, NOTHING), "note"]),
        (),
        direction="above",
        estimate=share,
        bounds=NOTHING,
        remedy=remedy,
        settle=how_to_settle(share, NOTHING),
    )


def _example(z: Tensor, context: Context) -> str:
    """The numbers of a latent that lie furthest from the mean, in its spreads."""
    mean, spread = context.codes.mean.double().flatten(1).mean(0), context.codes.mean.double().flatten(1).std(0)
    away = ((z.double().flatten() - mean) / spread.clamp(min=1e-300)).abs()
    most = away.topk(min(SHOWN, len(away))).indices.tolist()
    named = ", ".join(f"{j} is {float(z.flatten()[j]):.3g}" for j in sorted(most))
    return f"for example where latent {named}"
