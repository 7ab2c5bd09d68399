"""How close generated data come to real data: three answers that fail in different ways."""

from typing import Any, NamedTuple

from torch import Generator

from latentassay.core.randomness import as_seed
from latentassay.metrics.quality.frechet import Frechet, frechet_distance
from latentassay.metrics.quality.kernel import KernelDistance, kernel_distance
from latentassay.metrics.quality.neighbours import PrecisionRecall, precision_recall


class Quality(NamedTuple):
    """Distances and overlap of real and generated features.

    Attributes:
        frechet: Fréchet distance, what most papers report; biased by the number of rows.
        kernel: kernel distance, unbiased and with a standard error.
        overlap: precision and recall, which distinguish poor samples from missing ones.
        features: what the features are.
        n: number of real rows.
        m: number of fake rows.
        variant: all choices in words.
    """

    frechet: Frechet
    kernel: KernelDistance
    overlap: PrecisionRecall
    features: str
    n: int
    m: int
    variant: str


def quality(
    real: Any,
    fake: Any,
    *,
    features: str = "features of the caller's",
    neighbours: int = 3,
    subset_size: int = 10_000,
    extrapolate: bool = False,
    resamples: int = 0,
    generator: Generator | int = 0,
) -> Quality:
    """Compare generated with real data by Fréchet distance, kernel distance, precision and recall.

    Scores of other features are other scores: published FID and KID are of Inception-v3 features, so compare with them
    only what was measured with these. Compare Fréchet distances and overlaps of equal n and m only.

    Args:
        real: features ``(n, k)``, array or tensor, such as ``features.embed`` makes them.
        fake: features ``(m, k)`` by the same extractor.
        features: the extractor's name, for ``variant``.
        neighbours: see ``precision_recall``.
        subset_size: see ``kernel_distance``.
        extrapolate: see ``frechet_distance``.
        resamples: see ``frechet_distance``.
        generator: a generator or a seed, for whatever is drawn.

    Raises:
        InputError: shapes that do not fit, fewer than 4 rows, NaN.

    Warns:
        FewRowsWarning: no more rows than features.

    >>> rng = np.random.default_rng(0)
    >>> found = quality(rng.normal(size=(300, 4)), rng.normal(size=(200, 4)), features="noise")
    >>> found.features, found.n, found.m, found.kernel.score.low < 0
    ('noise', 300, 200, True)
    """
    seed = as_seed(generator)
    frechet = frechet_distance(real, fake, extrapolate=extrapolate, resamples=resamples, generator=seed)
    kernel = kernel_distance(real, fake, subset_size=subset_size, generator=seed)
    overlap = precision_recall(real, fake, neighbours=neighbours)
    parts = f"Fréchet: {frechet.variant}; kernel: {kernel.variant}; overlap: {overlap.variant}"
    return Quality(
        frechet=frechet,
        kernel=kernel,
        overlap=overlap,
        features=features,
        n=frechet.n,
        m=frechet.m,
        variant=f"{features}; {parts}",
    )
