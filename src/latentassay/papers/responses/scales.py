"""How much of the β-VAEs of LR is trained and measured at each scale.

Scale laptop was sized by processor time on one slow core of 2026 (torch 2.13, AVX2): a step of 32 pictures of 32×32
takes ``vae-conv-small`` 37 ms with three channels, reading included, and 25 ms with one, ``vae-conv`` 330 ms; scores of
table 1 take 25 to 44 s a model, those of table 2 42 to 46 s. So one seed is some 40 minutes of such a core for either
table, two models of LR's own network included.
Scale gpu trains all models of one architecture in one step of ``vae-conv`` at 32×32, 0.18 GFLOP a picture with three
channels and 0.16 with one: 16 × 64 pictures are 0.18 TFLOP a step for table 1, and for table 2 16 × 128 digits and
8 × 64 of 3D Shapes 0.42, so 10,000 steps take three and seven minutes if a GPU keeps up 10 TFLOP/s in TF32, which was
not measured.
"""

from typing import Literal, NamedTuple

Together = Literal["alone", "processes", "one step"]
"""One model after the other; a process of one core for each; or all models of one architecture in one step."""


class BetaVAEScale(NamedTuple):
    """How much is trained and measured.

    Attributes:
        network: a name that ``models.build`` knows.
        side: pixels along each side of 3D Shapes and MPI3D, which are shrunk to it; as they are where ``None``.
        steps: optimiser steps.
        own: β and d of the models of table 1 that LR's own network is trained for besides ``network``.
        own_steps: optimiser steps of these.
        batch_size: observations in a step; ``digits_batch`` on MNIST and Fashion-MNIST.
        digits_batch: observations in a step on MNIST and Fashion-MNIST.
        lr: learning rate of Adam.
        rows: training rows; all of the 70 % where ``None``.
        betas: weights of the KL term.
        kls: which KL terms, as ``objectives.BetaVAE`` takes them.
        seeds: how many, from 0 on; ``table_2_seeds`` for table 2.
        table_2_seeds: how many for table 2.
        codes: test rows that are encoded for DCI, IRS and MIG, and for the response matrix.
        groups: groups of a factor for the conditioned response matrix.
        priors: prior samples for the structure score of seven scales.
        single_priors: prior samples for that of the authors' kernel.
        samples: test rows that a report rests on.
        grid: points along each side of a response field.
        means: posterior samples that a mean field is averaged over.
        predictor: of DCI.
        coarse: take a tenth of the views of 3D Shapes, which are drawn in seconds.
        together: how models are trained and measured beside one another.
    """

    network: str
    side: int | None
    steps: int
    own: tuple[tuple[int, int], ...]
    own_steps: int
    batch_size: int
    digits_batch: int
    lr: float
    rows: int | None
    betas: tuple[int, ...]
    kls: tuple[str, ...]
    seeds: int
    table_2_seeds: int
    codes: int
    groups: int
    priors: int
    single_priors: int
    samples: int
    grid: int
    means: int
    predictor: str
    coarse: bool
    together: Together


_LAPTOP = BetaVAEScale(
    network="vae-conv-small",
    side=32,
    steps=2000,
    own=((4, 24),),
    own_steps=500,
    batch_size=32,
    digits_batch=32,
    lr=1e-3,
    rows=50_000,
    betas=(1, 2, 4, 8),
    kls=("exact", "sigma"),
    seeds=2,
    table_2_seeds=2,
    codes=2000,
    groups=100,
    priors=1024,
    single_priors=10_000,
    samples=1024,
    grid=50,
    means=16,
    predictor="histogram",
    coarse=False,
    together="processes",
)
_SHORT = _LAPTOP._replace(steps=80, batch_size=16, digits_batch=16, lr=2e-3, rows=400, betas=(1, 4), side=None, own=())
_SHORT = _SHORT._replace(seeds=1, table_2_seeds=1, codes=256, groups=12, priors=128, single_priors=256, samples=128)
_OWN = _LAPTOP._replace(network="vae-conv", own=(), batch_size=64, digits_batch=128)
_GPU = _OWN._replace(steps=10_000, seeds=1, table_2_seeds=1, together="one step")
_LONG = _OWN._replace(side=None, steps=100_000, lr=1e-4, rows=None, table_2_seeds=3)
_LONG = _LONG._replace(codes=10_000, groups=500, priors=2048, samples=4096, grid=100, means=64, predictor="boosting")
SCALES = {
    "smoke": _SHORT._replace(grid=16, means=4, coarse=True, together="alone"),
    "laptop": _LAPTOP,
    "gpu": _GPU,
    "paper": _LONG._replace(together="alone"),
}
"""Scale → what is trained and measured."""
