"""Which half of an autoencoder takes up what it has never seen: some values of a factor come late."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.data import FactorData
from latentassay.evaluation.fidelity import squared_errors
from latentassay.stats.intervals import mean_of_rows
from latentassay.stats.ratios import ratio
from latentassay.training import fit

ARMS: dict[str, tuple[str, ...]] = {
    "neither": ("encoder", "decoder"),
    "encoder": ("decoder",),
    "decoder": ("encoder",),
    "both": (),
}
"""What the second phase updates → the parts that it leaves as the first left them."""


class Extrapolation(NamedTuple):
    """How well observations of a new kind are reconstructed, by what was updated once they had come.

    Attributes:
        held_out: arm → mean squared error per value of unseen rows with the values held out; its interval is over
            rows.
        other: arm → the same of unseen rows with other values.
        closed: ``"encoder"`` and ``"decoder"`` → ``(neither − arm) / (neither − both)``, what updating that part alone
            closes of the gap; empty where updating both closes none, or where an arm was not asked for.
        models: arm → its model, in evaluation mode.
        n: unseen rows with the values held out.
        others: unseen rows with other values.
        variant: what was trained, in words.
    """

    held_out: Mapping[str, Estimate]
    other: Mapping[str, Estimate]
    closed: Mapping[str, Estimate]
    models: Mapping[str, Any]
    n: int
    others: int
    variant: str


def extrapolate(
    model: nn.Module,
    objective: Any,
    train: FactorData,
    test: FactorData,
    factor: str | int,
    values: Any,
    *,
    steps: int,
    more: int,
    arms: Sequence[str] = tuple(ARMS),
    batch_size: int = 128,
    seed: int = 0,
    **options: Any,
) -> Extrapolation:
    """Train without some values of a factor, go on with all of them in up to four ways, and compare (SA 3.2).

    All arms begin with the same weights and a fresh optimiser, and see the same batches; a part that an arm does not
    update keeps every bit.

    Args:
        model: an untrained model whose networks are its submodules ``encoder`` and ``decoder``; it is left alone.
        objective: as ``fit`` takes it, for both phases.
        train: rows to learn from, of all values; the first phase sees those without the values held out.
        test: rows that no phase sees.
        factor: name or number of a factor.
        values: its codes that are held out, one or several.
        steps: of the first phase; the paper has 80,000.
        more: steps of the second; the paper has 20,000.
        arms: some of ``ARMS``.
        batch_size: rows in a step.
        seed: of batches and noise, in both phases.
        options: passed to ``fit``: ``lr``, ``device``, ``precision`` …

    Raises:
        InputError: an unknown arm; a factor or values that the data do not have, or that leave nothing; otherwise as
            ``fit``.

    Source: "Structure by architecture", 3.2, A.3.3, figures 7 and 12.

    >>> from latentassay import models, objectives
    >>> codes = np.indices((4, 5)).reshape(2, -1).T
    >>> rows = FactorData(codes / np.float32(4), codes, ("a", "b"))
    >>> model = models.build("ae-mlp", x_shape=(2,), latents=2, likelihood="squared", hidden=())
    >>> found = extrapolate(model, objectives.AE(), rows, rows, "a", 3, steps=20, more=10, batch_size=8)
    >>> list(found.held_out), found.n, found.others
    (['neither', 'encoder', 'decoder', 'both'], 5, 15)
    """
    if isinstance(arms, str) or not arms or not set(arms) <= set(ARMS):
        raise InputError(f"arms must be some of {', '.join(ARMS)}, got {arms!r}")
    kept, unseen = train.holdout(factor, values).kept, test.holdout(factor, values)
    common = {"batch_size": batch_size, "seed": seed, **options}
    first = copy.deepcopy(model)
    fit(first, objective, kept, steps=steps, **common)
    models = {}
    for arm in dict.fromkeys(arms):
        models[arm] = copy.deepcopy(first).eval()
        if arm != "neither":
            fit(models[arm], objective, train, steps=more, freeze=ARMS[arm], **common)
    held_out, other = (
        {arm: squared_errors(trained, rows) for arm, trained in models.items()}
        for rows in (unseen.held_out, unseen.kept)
    )
    listed = ", ".join(str(value) for value in ([values] if isinstance(values, int) else values))
    return Extrapolation(
        held_out={arm: mean_of_rows(errors) for arm, errors in held_out.items()},
        other={arm: mean_of_rows(errors) for arm, errors in other.items()},
        closed=_gap_shares_of_rows(held_out),
        models=models,
        n=len(unseen.held_out),
        others=len(unseen.kept),
        variant=f"{steps} steps without {factor} {listed}, {more} with all, of {batch_size}; "
        "reconstructions of mean codes",
    )


def _gap_shares_of_rows(errors: Mapping[str, Float[Tensor, " n"]]) -> dict[str, Estimate]:
    """What each part closes of the gap, with its standard error over the rows, which all arms share."""
    shares = gap_shares({arm: float(each.mean()) for arm, each in errors.items()})
    found = {}
    for arm, share in shares.items():
        over, under = errors["neither"] - errors[arm], errors["neither"] - errors["both"]
        found[arm] = Estimate(share, stderr=float(ratio(over, under).stderr), n=len(over))
    return found


def gap_shares(errors: Mapping[str, float]) -> dict[str, float]:
    """Return the share of the gap between updating neither and both that updating one part closes.

    >>> gap_shares({"neither": 10.0, "encoder": 8.0, "decoder": 2.0, "both": 1.0})["decoder"]
    0.8888888888888888
    """
    if not {"neither", "both"} <= set(errors) or errors["neither"] <= errors["both"]:
        return {}
    gap = errors["neither"] - errors["both"]
    return {arm: (errors["neither"] - errors[arm]) / gap for arm in ("encoder", "decoder") if arm in errors}
