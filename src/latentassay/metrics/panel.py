"""The whole panel: every metric of codes against factors, each number with the variant it is."""

import json
import time
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Score
from latentassay.core.progress import track
from latentassay.core.storage import write_whole
from latentassay.core.units import as_units
from latentassay.metrics.arrays import codes_and_factors
from latentassay.metrics.disentanglement.active import active_units
from latentassay.metrics.disentanglement.betavae import beta_vae
from latentassay.metrics.disentanglement.dci import dci
from latentassay.metrics.disentanglement.dcimig import dcimig
from latentassay.metrics.disentanglement.explicitness import explicitness
from latentassay.metrics.disentanglement.factorvae import factor_vae
from latentassay.metrics.disentanglement.irs import irs
from latentassay.metrics.disentanglement.mig import mig
from latentassay.metrics.disentanglement.modularity import modularity
from latentassay.metrics.disentanglement.predictors import COLUMNS, reduce_unit
from latentassay.metrics.disentanglement.probe import linear_probe
from latentassay.metrics.disentanglement.sap import sap
from latentassay.metrics.disentanglement.separation import separation
from latentassay.metrics.disentanglement.total_correlation import total_correlation

Options = Mapping[str, Any]
PARTS = {
    "dci": (
        ("dci", "DCI disentanglement", "1 − entropy of each unit's importance over factors", "disentanglement"),
        ("completeness", "DCI completeness", "1 − entropy of each factor's importance over units", "completeness"),
        ("informativeness", "DCI informativeness", "success on held-out rows, mean over factors", "informativeness"),
    )
}
"""Metrics of several scores: name, label, what it is, and which field of the result."""


class Metric(NamedTuple):
    """One metric as the panel knows it.

    Attributes:
        function: ``(codes, factors, **options)`` → a result with ``n``, ``variant`` and ``interval``.
        label: what a table calls it.
        what: formula in words.
        source: who proposed it.
        whole: it takes ``units`` with all their latents; others see a unit's first principal component.
        variants: options under which the field quotes it, too.
        unit: of the number.
    """

    function: Callable[..., Any]
    label: str
    what: str
    source: str
    whole: bool = False
    variants: tuple[Options, ...] = ()
    unit: str = ""


def _active(codes: Any, factors: Any, *, resamples: int = 0, generator: int = 0, **options: Any) -> Any:
    del factors, resamples, generator  # counted on codes alone, and nothing is drawn
    return active_units(codes, **options)


def _total_correlation(codes: Any, factors: Any, **options: Any) -> Any:
    del factors
    return total_correlation(codes, **options)


METRICS: Mapping[str, Metric] = {
    "mig": Metric(
        mig,
        "Mutual information gap (MIG)",
        "mean over factors of (I₁ − I₂) / H",
        "Chen et al. 2018",
        True,
        ({"binning": "width"}, {"bins": 10, "binning": "width"}, {"bins": 50, "binning": "width"}, {"bins": 50}),
    ),
    "dcimig": Metric(
        dcimig,
        "MIG by units (DCIMIG)",
        "gap between a unit's two best factors",
        "Sepliarskaia et al. 2019",
        True,
        ({"binning": "width"},),
    ),
    "dci": Metric(
        dci, "DCI", "", "Eastwood and Williams 2018", True, ({"predictor": "forest"}, {"predictor": "lasso"})
    ),
    "sap": Metric(
        sap,
        "Separated predictability (SAP)",
        "gap between the two units that predict a factor best",
        "Kumar et al. 2018",
        False,
        ({"scale": "standard"}, {"penalty": 1.0}, {"factor_type": "continuous"}),
    ),
    "irs": Metric(
        irs,
        "Interventional robustness (IRS)",
        "1 − deviation left in a unit while its best factor is held",
        "Suter et al. 2019",
        False,
        ({"quantile": 1.0}, {"quantile": 0.9}),
    ),
    "modularity": Metric(
        modularity,
        "Modularity",
        "1 − squared information on all factors but the best, beside the best",
        "Ridgeway and Mozer 2018",
        False,
        ({"binning": "width"}, {"noise": "removed"}),
    ),
    "explicitness": Metric(
        explicitness,
        "Explicitness",
        "how well a linear map of all units tells values apart",
        "Ridgeway and Mozer 2018",
        False,
        ({"rescaled": False},),
    ),
    "factor_vae": Metric(
        factor_vae,
        "FactorVAE score",
        "how surely the unit that stands still names the factor held",
        "Kim and Mnih 2018",
        False,
        ({"threshold": 0.0}, {"batch": 16}),
    ),
    "beta_vae": Metric(
        beta_vae,
        "β-VAE score",
        "how surely differences of pairs name the factor they share",
        "Higgins et al. 2017",
        False,
        ({"batch": 16},),
    ),
    "separation": Metric(
        separation,
        "Disentanglement score (DS)",
        "gap between the two units whose neighbours tell a factor best",
        "VAEs and principal components, 3.37",
        False,
        ({"normaliser": "paper"},),
    ),
    "linear_probe": Metric(
        linear_probe,
        "Linear probe",
        "success of a linear map of all units on held-out rows",
        "",
        False,
        ({"kind": "linear"},),
    ),
    "active_units": Metric(
        _active,
        "Active units",
        "units whose posterior mean varies",
        "Burda et al. 2016",
        False,
        ({"threshold": 0.25},),
    ),
    "total_correlation": Metric(
        _total_correlation, "Total correlation", "of a Gaussian with the codes' covariance", "", unit="nats"
    ),
}
"""Every metric of the panel by name, in the order of its table."""


@dataclass(frozen=True)
class Panel:
    """Scores of one set of codes, in the order of ``METRICS``.

    Attributes:
        scores: every number with its n, seed, interval (if asked for) and definition, which ends in the variant.
        found: the full result of every metric, with its evidence, by the score's name.
        left_out: metrics that these codes and factors do not allow, and why.
        seconds: what each metric took.
    """

    scores: tuple[Score, ...]
    found: Mapping[str, Any]
    left_out: Mapping[str, str]
    seconds: Mapping[str, float]

    def __getitem__(self, name: str) -> Score:
        return {score.name: score for score in self.scores}[name]

    def __iter__(self) -> Iterator[Score]:
        return iter(self.scores)

    def __str__(self) -> str:
        lines = [f"{score.label:<34} {score!s:<18} {score.definition}" for score in self.scores]
        return "\n".join([*lines, *(f"{name:<34} left out: {why}" for name, why in self.left_out.items())])

    def save(self, path: str | Path) -> None:
        """Write scores, what was left out and the seconds as JSON."""
        facts = {
            "scores": [asdict(score) for score in self.scores],
            "left out": dict(self.left_out),
            "seconds": dict(self.seconds),
        }
        write_whole(Path(path), (json.dumps(facts, indent=1, ensure_ascii=False) + "\n").encode())


def score(
    codes: Any,
    factors: Any,
    *,
    metrics: Iterable[str] | Mapping[str, Options] | None = None,
    variants: bool = False,
    units: Any = None,
    resamples: int = 0,
    seed: int = 0,
) -> Panel:
    """Measure codes against factors with the whole panel, or a part of it.

    Args:
        codes: ``(n, d)`` array or tensor; usually posterior means.
        factors: ``(n, m)`` integer codes of the same rows.
        metrics: names of ``la.metrics.METRICS``, or a mapping from names to options, e.g. ``{"mig": {"bins": 10}}``;
            all where left out.
        variants: also measure what else the field quotes under the same names.
        units: groups of columns that count as one unit. MIG and DCI see the columns of a unit (of large ones the
            first principal components, 96 for all units together), the other metrics its first principal component.
        resamples: random halves for the intervals, each costs half a panel; none by default.
        seed: seed of everything drawn.

    Returns:
        A ``Panel``; ``print`` it, or ask it by name: ``panel["mig"].value``.

    Raises:
        InputError: shapes that do not fit, NaN, factors that are no integers or never vary, an unknown metric or
            option, or codes of which no metric can say anything.

    >>> factors = np.indices((5, 4, 5)).reshape(3, -1).T
    >>> panel = score(factors.astype(float), factors, metrics=["mig", "modularity"])
    >>> [(s.name, round(s.value, 3)) for s in panel]
    [('mig', 1.0), ('modularity', 1.0)]
    """
    c, f = codes_and_factors(codes, factors)
    several, whole, single = _by_units(c, units, seed)
    scores, found, left_out, seconds = [], {}, {}, {}
    for name, options in track(list(_asked(metrics, variants)), "scoring"):
        metric, key = METRICS[name], _key(name, options)
        begun = time.perf_counter()
        own = {"units": several, **options} if metric.whole and several else options
        try:
            result = metric.function(whole if metric.whole else single, f, resamples=resamples, generator=seed, **own)
        except InputError as error:
            left_out[key] = str(error)
            continue
        except TypeError as error:
            raise InputError(f"{name} does not take {dict(options)}: {error}") from error
        finally:
            seconds[key] = round(time.perf_counter() - begun, 3)
        found[key] = result
        scores += _scores(name, options, result, seed)
    if not scores:
        raise InputError(f"no metric can say anything of these codes: {'; '.join(left_out.values())}")
    return Panel(tuple(scores), found, left_out, seconds)


def join_panels(panels: Iterable[Panel]) -> Panel:
    """Make one panel of several, in the order of ``METRICS``.

    >>> factors = np.indices((5, 4, 5)).reshape(3, -1).T
    >>> apart = [score(factors.astype(float), factors, metrics=[name]) for name in ("irs", "mig")]
    >>> [found.name for found in join_panels(apart)]
    ['mig', 'irs']
    """
    panels = list(panels)
    order = [part[0] for name in METRICS for part in PARTS.get(name, ((name,),))]
    scores = sorted((found for panel in panels for found in panel), key=lambda s: order.index(s.name.partition("[")[0]))
    return Panel(
        tuple(scores),
        dict(ChainMap(*(dict(panel.found) for panel in panels))),
        dict(ChainMap(*(dict(panel.left_out) for panel in panels))),
        dict(ChainMap(*(dict(panel.seconds) for panel in panels))),
    )


def _by_units(
    codes: Float[np.ndarray, "n d"], units: Any, seed: int
) -> tuple[list[range] | None, Float[np.ndarray, "n k"], Float[np.ndarray, "n u"]]:
    """Units as groups of columns, codes for metrics that know units, and codes with one column a unit."""
    groups = as_units(units, codes.shape[1:]).groups
    if units is None or all(len(group) == 1 for group in groups):
        chosen = codes[:, [group[0] for group in groups]]
        return None, chosen, chosen
    most = max(1, COLUMNS // len(groups))
    parts = [reduce_unit(codes[:, list(group)], most, seed) for group in groups]
    ends = np.cumsum([0, *(part.shape[1] for part in parts)])
    several = [range(start, end) for start, end in pairwise(ends)]
    single = [reduce_unit(codes[:, list(group)], 1, seed) for group in groups]
    return several, np.concatenate(parts, 1), np.concatenate(single, 1)


def _asked(
    metrics: Iterable[str] | Mapping[str, Options] | None, variants: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    names = METRICS if metrics is None else metrics
    asked = metrics if isinstance(metrics, Mapping) else {name: {} for name in names}
    if unknown := [name for name in asked if name not in METRICS]:
        raise InputError(f"metrics must be among {', '.join(METRICS)}, got {', '.join(map(str, unknown))}")
    for name, options in asked.items():
        yield name, dict(options)
        if variants:
            yield from ((name, dict(other)) for other in METRICS[name].variants)


def _key(name: str, options: Options) -> str:
    """Name of a score: the metric's, and in brackets what was chosen other than the default.

    >>> _key("mig", {}), _key("mig", {"bins": 10, "binning": "width"})
    ('mig', 'mig[bins=10, binning=width]')
    """
    chosen = ", ".join(f"{option}={value}" for option, value in options.items())
    return f"{name}[{chosen}]" if chosen else name


def _scores(name: str, options: Options, result: Any, seed: int) -> list[Score]:
    metric = METRICS[name]
    parts = PARTS.get(name, ((name, metric.label, metric.what, "score"),))
    told = f"{result.variant} ({metric.source})" if metric.source else result.variant
    scores = []
    for part, label, what, field in parts:
        value = getattr(result, field)
        low, high = (value.low, value.high) if isinstance(value, Estimate) else (None, None)
        value = float(value) if isinstance(value, Estimate) else value
        scores.append(
            Score(_key(part, options), label, value, f"{what}; {told}", result.n, seed, low, high, metric.unit)
        )
    return scores
