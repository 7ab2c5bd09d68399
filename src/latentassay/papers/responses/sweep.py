"""What the tables of LR share: scores of many β-VAEs over seeds, the scale in words, and notes."""

from collections.abc import Collection, Sequence
from contextlib import suppress

from latentassay.core.progress import track
from latentassay.papers.experiment import LONG, describe_seeds
from latentassay.papers.grids import group_by
from latentassay.papers.responses.beta_vaes import (
    DIGITS,
    KL_NAMES,
    LATENTS,
    OWN_NETWORK,
    Absent,
    BetaVAE,
    BetaVAEs,
)
from latentassay.papers.responses.together import Measure, measure_together
from latentassay.papers.runs import Scores, has_scores

COSTS = {
    "smoke": "a minute",
    "laptop": "about an hour on two cores",
    "gpu": "about ten minutes on one large GPU",
    "paper": LONG,
}
"""Of each of the three tables."""

BETA_NOTE = (
    "The authors ran the KL term ½(μ² + σ − 1 − log σ), with σ where σ² belongs; the text prints the divergence. "
    "The two have different optima: informative codes have a variance near ½ with the first and near 1 with the other."
)
RATE_NOTE = "LR section 6 gives Adam's rate as 0.001, appendix A.4.2 as 0.0001; scale paper follows the appendix."
SEEDS_NOTE = (
    "Intervals are 95 % by Student's t over seeds; every seed has data split, weights, batches and noise of its own."
)
CDS_NOTE = (
    "CDS stands in all variants. As the text has it: posterior samples, root of the mean over groups and samples, "
    "rescaled from [1/m, 1] to [0, 1], m the number of factors. The authors' code: posterior means, mean over groups "
    "of root mean squares, not rescaled. That CDS lies above DCI-D depends on the variant."
)
VARIANTS_NOTE = (
    "On unseen rows (20 %). CDS: causal units have a diagonal response of 0.5 or more; a model without any scores 0. "
    "DCI-D: boosted trees, at scale paper without bins. IRS: 99 % quantile. MIG: 20 bins of equal width. LR does "
    "not say which predictor, quantile and bins it used."
)
KERNEL_NOTE = (
    "Unbiased squared MMD between prior samples and their responses, all latents. The value beside the paper's has the "
    "authors' kernel, one inverse multiquadratic with C = d, and their 10,000 samples (fewer at scale smoke); seven "
    "scales are the mean of those of the Wasserstein autoencoder, which the text names, of fewer samples."
)
REDRAWN_NOTE = (
    "3D Shapes are drawn anew (mean error 3 of 255 against the original), since the official file (268 MB) is not part "
    "of this package; with --data shapes3d-official=FOLDER it is used instead."
)
TABLES_NOTE = (
    "Why table 3 prints structure scores of MPI3D that are 5 to 4700 times those of table 2 and often rise with β: its "
    "responses are means, so units that do not answer respond with 0, and the more of them, the further from the "
    "prior. With C = d = 12 one answering unit of variance 1 has 23.64 × 10⁻² in closed form and two have 17.47 "
    "(printed: 23.63 and 17.66). Table 2 fits sampled responses, where such units follow the prior: 12 answering units "
    "of variance ½ have 31.0 × 10⁻³, ten 20.4, five 4.9 (printed for 3D Shapes: 36 to 23). Columns of table 2 that say "
    "means have table 3's score, of other data than MPI3D."
)


def list_models(vaes: BetaVAEs, data_sets: Sequence[str], latents: int = LATENTS) -> list[BetaVAE]:
    """Return the models of every β and KL term of the scale, and those with LR's own network besides, of seed 0."""
    scale = vaes.scale
    return [
        BetaVAE(data_set, beta, latents, kl=kl, is_own=is_own)
        for data_set in data_sets
        for is_own in (False, True)
        for beta in scale.betas
        if not is_own or (data_set == "3D Shapes" and (beta, latents) in scale.own)
        for kl in scale.kls
    ]


def measure_models(
    vaes: BetaVAEs, measure: Measure, models: Sequence[BetaVAE], seeds: int, *, files: Collection[str]
) -> tuple[dict[BetaVAE, list[Scores]], tuple[str, ...]]:
    """Measure models for so many seeds, data set by data set; where its files are not there, note it and go on.

    Args:
        vaes: the scale and its folder.
        measure: trains one model and returns its scores.
        models: which, each of seed 0.
        seeds: how many, from 0 on.
        files: names of the scores that ``measure`` leaves in a model's folder.

    Returns:
        Model → scores of every seed, none where the files of its data set are not there; and a note for each of those.
    """
    found: dict[BetaVAE, list[Scores]] = {}
    absent: list[str] = []
    _begin_together(vaes, measure, models, seeds, files)
    for own in track(list(group_by(models, lambda model: model.data_set).values()), "data sets"):
        try:
            found |= {
                model: [measure(vaes, model._replace(seed=seed)) for seed in track(range(seeds), "seeds")]
                for model in track(own, "models")
            }
        except Absent as error:
            found |= {model: [] for model in own}
            absent.append(
                f"{error}: no files, so nothing was measured. Run `latentassay data fetch {error}`, or say where they "
                f"are with --data {error}=FOLDER."
            )
    return {model: found[model] for model in models}, tuple(absent)


def _begin_together(
    vaes: BetaVAEs, measure: Measure, models: Sequence[BetaVAE], seeds: int, files: Collection[str]
) -> None:
    """Train beside one another what is missing, of data sets that are there, if the scale says so."""
    if vaes.scale.together == "alone":
        return
    wanted = [model._replace(seed=seed) for seed in range(seeds) for model in models]
    missing = [model for model in wanted if not has_scores(vaes.folder(model), files)]
    ready: list[BetaVAE] = []
    for data_set, own in group_by(missing, lambda model: model.data_set).items():
        with suppress(Absent):
            vaes.require(data_set)
            ready.extend(own)
    if ready:
        measure_together(vaes, measure, ready)


def note_shapes(vaes: BetaVAEs) -> tuple[str, ...]:
    """Return what there is to say of 3D Shapes that are drawn anew; nothing of the official ones."""
    coarse = ("At scale smoke 3D Shapes are a coarser grid of 10,000 pictures.",) if vaes.scale.coarse else ()
    return () if vaes.is_official("3D Shapes") else (REDRAWN_NOTE, *coarse)


def describe_scale(vaes: BetaVAEs, seeds: int, data_sets: Collection[str]) -> dict[str, str]:
    """Say the scale in words: network, training, rows, seeds and time."""
    scale = vaes.scale
    digits = set(DIGITS) & set(data_sets) and scale.digits_batch != scale.batch_size
    batch = f"{scale.batch_size} ({scale.digits_batch} on MNIST and Fashion-MNIST)" if digits else f"{scale.batch_size}"
    own = f"; {OWN_NETWORK} for {scale.own_steps:,} steps" if scale.own else ""
    rows = "all of the 70 % for training" if scale.rows is None else f"{scale.rows:,} of the 70 % for training"
    return {
        "scale": vaes.options.scale,
        "seeds": describe_seeds(seeds),
        "network": scale.network,
        "KL terms": " and ".join(KL_NAMES[kl] for kl in scale.kls),
        "training": f"{scale.steps:,} steps of {batch}, Adam {scale.lr:g}{own}",
        "pictures": "as they are" if scale.side is None else f"{scale.side}×{scale.side}",
        "rows": rows,
        "time": f"{vaes.seconds:.0f} s of training",
    }
