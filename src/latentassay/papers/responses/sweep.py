"""What the tables of LR share: scores of many β-VAEs over seeds, the scale in words, and notes."""

from collections.abc import Callable, Collection, Sequence

from latentassay.core.progress import track
from latentassay.papers.experiment import LONG, describe_seeds
from latentassay.papers.grids import group_by
from latentassay.papers.responses.beta_vaes import DIGITS, Absent, BetaVAE, BetaVAEs
from latentassay.papers.runs import Scores

COSTS = {"smoke": "half a minute", "laptop": "about an hour on two cores", "paper": LONG}
"""Of each of the three tables."""

BETA_NOTE = (
    "The authors ran the KL term ½(μ² + σ − 1 − log σ), with σ where σ² belongs; the text prints the divergence. "
    "The two have different optima: informative codes have a variance near ½ with the first and near 1 with the other."
)
RATE_NOTE = "LR section 6 gives Adam's rate as 0.001, appendix A.4.2 as 0.0001; scale paper follows the appendix."
SEEDS_NOTE = (
    "Intervals are 95 % by Student's t over seeds; every seed has data split, weights, batches and noise of its own."
)
UNRESCALED_NOTE = (
    "The text rescales CDS from [1/m, 1] to [0, 1], m the number of factors; the published code does not. Both are "
    "given: the published values may be either."
)
VARIANTS_NOTE = (
    "On unseen rows (20 %). CDS: causal units have a diagonal response of 0.5 or more; a model without any scores 0. "
    "DCI-D: boosted trees, at scale paper without bins. IRS: 99 % quantile. MIG: 20 bins of equal width. LR does "
    "not say which predictor, quantile and bins it used."
)
KERNEL_NOTE = (
    "Unbiased squared MMD between prior samples and their sampled responses, all latents; the kernel is the mean of 7 "
    "inverse multiquadratics. LR names none but that of the Wasserstein autoencoder; one that sums its scales would "
    "give 7 times as much."
)
REDRAWN_NOTE = (
    "3D Shapes are drawn anew (mean error 3 of 255 against the original), since the official file (268 MB) is not part "
    "of this package; with --data shapes3d-official=FOLDER it is used instead."
)
DISAGREE_NOTE = (
    "The paper's own tables do not agree: table 3 prints structure scores of MPI3D (× 100) that are 5 to 4700 times "
    "those of table 2 (× 1000) and mostly rise with β where those fall."
)


def measure_models(
    measure: Callable[[BetaVAE], Scores], models: Sequence[BetaVAE], seeds: int
) -> tuple[dict[BetaVAE, list[Scores]], tuple[str, ...]]:
    """Measure models for so many seeds, data set by data set; where its files are not there, note it and go on.

    Args:
        measure: trains one model and returns its scores.
        models: which, each of seed 0.
        seeds: how many, from 0 on.

    Returns:
        Model → scores of every seed, none where the files of its data set are not there; and a note for each of those.
    """
    found: dict[BetaVAE, list[Scores]] = {}
    absent: list[str] = []
    for own in track(list(group_by(models, lambda model: model.data_set).values()), "data sets"):
        try:
            found |= {
                model: [measure(model._replace(seed=seed)) for seed in track(range(seeds), "seeds")]
                for model in track(own, "models")
            }
        except Absent as error:
            found |= {model: [] for model in own}
            absent.append(
                f"{error}: no files, so nothing was measured. Run `latentassay data fetch {error}`, or say where they "
                f"are with --data {error}=FOLDER."
            )
    return {model: found[model] for model in models}, tuple(absent)


def note_shapes(vaes: BetaVAEs) -> tuple[str, ...]:
    """Return what there is to say of 3D Shapes that are drawn anew; nothing of the official ones."""
    coarse = ("At scale smoke 3D Shapes are a coarser grid of 10,000 pictures.",) if vaes.scale.coarse else ()
    return () if vaes.is_official("3D Shapes") else (REDRAWN_NOTE, *coarse)


def describe_scale(vaes: BetaVAEs, seeds: int, data_sets: Collection[str]) -> dict[str, str]:
    """Say the scale in words: network, training, rows, seeds and time."""
    scale = vaes.scale
    digits = set(DIGITS) & set(data_sets) and scale.digits_batch != scale.batch_size
    batch = f"{scale.batch_size} ({scale.digits_batch} on MNIST and Fashion-MNIST)" if digits else f"{scale.batch_size}"
    rows = "all of the 70 % for training" if scale.rows is None else f"{scale.rows:,} of the 70 % for training"
    return {
        "scale": vaes.options.scale,
        "seeds": describe_seeds(seeds),
        "network": scale.network,
        "training": f"{scale.steps:,} steps of {batch}, Adam {scale.lr:g}",
        "rows": rows,
        "time": f"{vaes.seconds:.0f} s of training",
    }
