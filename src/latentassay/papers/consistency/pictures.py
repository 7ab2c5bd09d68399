"""Pictures of single models of IC: reconstructions, samples, traversals, and what comes back wrong along them."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentassay import plots
from latentassay.core.autoencoder import HasCauses, eval_mode
from latentassay.papers.page import Picture
from latentassay.responses import respond, traversals
from latentassay.sampling import decode, draw, encode

PICTURES = 12
"""In a row."""

DOUBLES = 7
"""Units of double interventions: more make small pictures."""

CODES = 128
"""Among which traversals have their ends."""

WAY = 9
"""Pictures of a traversal."""

LINES = 16
"""Samples of which errors are drawn along a traversal."""

STEPS = 21
"""Values on each line."""

PRIOR_RANGE = (-2.0, 2.0)
"""Where traversals of models with a prior end, as in the authors' code; others end where their codes do (figure 2)."""

ERRORS = {
    "VAE": "19",
    "AVAE": "20",
    "XVAE": "21",
    "XCVAE-I": "22",
    "AE": "23",
    "XAE": "24",
    "XCAE-I": "25",
}
"""Model → the figure of its traversal response errors; others have none in the paper."""


class Subject(NamedTuple):
    """A trained model to draw.

    Attributes:
        name: the paper's.
        model: any autoencoder of one latent vector.
        test: observations that it has not seen.
        how: how samples are drawn: ``"prior"``, or ``"hybrid"`` where there is none.
        seed: fixes which rows and samples are shown.
    """

    name: str
    model: Any
    test: Any
    how: str
    seed: int


class Numbers(NamedTuple):
    """Numbers of the figures of one data set: reconstructions, samples, traversals."""

    reconstructions: str
    samples: str
    traversals: str


DIGITS = Numbers("11", "12", "13")
FACES = Numbers("14", "15", "17-18")


def draw_quality(subject: Subject, numbers: Numbers) -> Iterator[Picture]:
    """Yield reconstructions of unseen rows, samples, and what each unit does alone (figures 11–15, 17, 18)."""
    x, who = _rows(subject), subject.name.lower()
    yield Picture(
        f"figure-{numbers.reconstructions}-{who}",
        f"Reconstructions, {subject.name} ({_cite(numbers.reconstructions)})",
        "Unseen rows above, what the model makes of them below.",
        plots.reconstruction_pairs(x, _reconstruct(subject, x)),
    )
    yield Picture(
        f"figure-{numbers.samples}-{who}",
        f"Generated samples, {subject.name} ({_cite(numbers.samples)})",
        "Decodings of the prior." if subject.how == "prior" else "Decodings of hybrids of codes.",
        plots.strips({subject.how: _sample(subject)}),
    )
    codes = _codes(subject, CODES)
    found = traversals(subject.model, codes, steps=WAY)
    yield Picture(
        f"figure-{numbers.traversals}-{who}",
        f"Traversals, {subject.name} ({_cite(numbers.traversals)})",
        "Each unit alone from its least to its greatest value among codes, around the code nearest to their mean.",
        plots.traversals(found.images, found.values, [str(unit) for unit in found.latents]),
    )


def draw_beside(subjects: Sequence[Subject], number: str) -> Picture:
    """Draw the same unseen rows as several models reconstruct them, and samples of each (figure 7)."""
    x = _rows(subjects[0])
    rows = {"data": x} | {subject.name: _reconstruct(subject, x) for subject in subjects}
    samples = {f"{subject.name}, {subject.how}": _sample(subject) for subject in subjects}
    names = ", ".join(subject.name for subject in subjects)
    return Picture(
        f"figure-{number}",
        f"Reconstructions and samples of {names} ({_cite(number)})",
        "Unseen rows, their reconstructions, and decodings of hybrids or of the prior.",
        plots.strips(rows | samples),
    )


def draw_errors(subject: Subject) -> Iterator[Picture]:
    """Yield what comes back wrong in all units while each of them is moved, a figure a unit (figures 2, 19–25)."""
    number = ERRORS.get(subject.name)
    source = f"IC figure {number}" if number else "as IC figures 19–25"
    codes, base = _codes(subject, 1024), _codes(subject, LINES)
    labels = [str(unit) for unit in range(base.shape[1])]
    for unit in range(base.shape[1]):
        values, errors = measure_errors(subject.model, base, _values(subject, codes[:, unit]), unit)
        yield Picture(
            f"figure-{number or 'errors'}-{subject.name.lower()}-unit-{unit}",
            f"Traversal response errors, unit {unit} of {subject.name} ({source})",
            f"Unit {unit} of {len(base)} codes takes {len(values)} values; each panel shows what the response of one "
            "unit is more than the latent.",
            plots.traversal_errors(values, errors, labels, unit),
        )


def draw_block(subject: Subject) -> Iterator[Picture]:
    """Yield the masks of a causal block, and double interventions on its noises and causes (figures 30–33 and 35)."""
    model, who = subject.model, subject.name.lower()
    if not isinstance(subject.model, HasCauses):
        return
    units = [str(unit) for unit in range(len(model.adjacency()))]
    yield Picture(
        f"figure-30-33-{who}",
        f"Masks, {subject.name} (IC figures 30, 33)",
        "How open the way from every parent (row) to every child (column) is.",
        plots.adjacency(model.adjacency().cpu().numpy(), units),
    )
    shown = list(range(min(len(units), DOUBLES)))
    codes = _codes(subject, 3)
    base, first, second = decode(model, codes)
    noises, causes = double_interventions(model, codes, shown)
    side = (len(shown), len(shown))
    grids = {"on the noises N": decode(model, noises), "on the causes Z": causes}
    yield Picture(
        f"figure-35-{who}",
        f"Double interventions on N and Z, {subject.name} (IC figure 35)",
        "In row i and column j, unit i of the base comes from the first sample and unit j from the second; on the "
        "diagonal only the first has a say. A cause that is set does not hear its parents.",
        plots.double_intervention(
            base,
            first,
            second,
            {name: grid.view(*side, *grid.shape[1:]) for name, grid in grids.items()},
            [units[unit] for unit in shown],
        ),
    )


def double_interventions(
    model: Any, z: Float[Tensor, "3 u"], units: Sequence[int]
) -> tuple[Float[Tensor, "kk u"], Float[Tensor, "kk *x_shape"]]:
    """Return noises with two units from two other samples, and decodings of the same done to causes, row by row.

    Args:
        model: an autoencoder that has causes.
        z: base, first and second sample.
        units: unit i comes from the first and unit j from the second; i alone where they are one.
    """
    noises, decoded = [], []
    with eval_mode(model) as (device, dtype):
        base, first, second = (row[None].to(device, dtype) for row in z)
        causes = [model.causes(sample) for sample in (first, second)]
        for i in units:
            for j in units:
                mixed = base.clone()
                mixed[:, j] = second[:, j]
                mixed[:, i] = first[:, i]
                noises.append(mixed)
                given = {j: causes[1][:, j], i: causes[0][:, i]}
                decoded.append(model.decode_causes(model.causes(base, given)))
    return torch.cat(noises).cpu(), torch.cat(decoded).cpu()


def measure_errors(
    model: Any, base: Float[Tensor, "k u"], values: Float[Tensor, " s"], unit: int
) -> tuple[Float[np.ndarray, " s"], Float[np.ndarray, "u k s"]]:
    """Return response minus latent in every unit while one is set to each value in turn.

    The paper's figures have the other sign, latent minus response.

    Args:
        model: any autoencoder of one latent vector.
        base: latents that are changed.
        values: what the unit is set to.
        unit: which one.
    """
    z = base.repeat(len(values), 1, 1)
    z[:, :, unit] = values.to(base)[:, None]
    flat = z.flatten(0, 1)
    errors = (respond(model, flat) - flat).view(len(values), len(base), -1).permute(2, 1, 0)
    return values.numpy(), errors.cpu().contiguous().numpy()


def _values(subject: Subject, codes: Float[Tensor, " n"]) -> Float[Tensor, " s"]:
    low, high = PRIOR_RANGE if subject.how == "prior" else (float(codes.min()), float(codes.max()))
    return torch.linspace(low, high, STEPS)


def _rows(subject: Subject) -> Tensor:
    chosen = np.random.default_rng(subject.seed).permutation(len(subject.test))[:PICTURES]
    x: Tensor = subject.test.batch(np.sort(chosen))
    return x


def _reconstruct(subject: Subject, x: Tensor) -> Tensor:
    return decode(subject.model, encode(subject.model, x).mean)


def _sample(subject: Subject) -> Tensor:
    return decode(subject.model, draw(subject.model, subject.test, PICTURES, how=subject.how, generator=subject.seed))


def _codes(subject: Subject, n: int) -> Tensor:
    """Codes of as many unseen rows as there are, at most n."""
    count = min(n, len(subject.test))
    return draw(subject.model, subject.test, count, how="posterior", generator=subject.seed)


def _cite(number: str) -> str:
    figures = number.split("-")
    return f"IC figure{'s' * (len(figures) > 1)} {', '.join(figures)}"
