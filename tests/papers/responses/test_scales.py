"""Scales of LR: what each costs by the times that were measured for one step."""

from latentassay.papers.responses.scales import SCALES

SHAPES = {"vae-conv-small": 0.037, "vae-conv": 0.33}
"""Seconds of one slow core for a step of 32 pictures of 32×32 with three channels."""

DIGITS = 0.025
"""For ``vae-conv-small`` with one channel."""

HALF_AN_HOUR = 1800 * 2
"""Seconds of two cores."""


def test_each_table_of_scale_laptop_trains_in_half_an_hour_of_two_cores():
    scale = SCALES["laptop"]
    assert scale.batch_size == scale.digits_batch == 32 and scale.side == 32
    each = len(scale.kls) * len(scale.betas)
    shapes = each * scale.steps * SHAPES[scale.network]
    own = len(scale.own) * len(scale.kls) * scale.own_steps * SHAPES["vae-conv"]
    assert scale.seeds * (2 * shapes + own) < HALF_AN_HOUR
    assert scale.table_2_seeds * (2 * each * scale.steps * DIGITS + shapes) < HALF_AN_HOUR


def test_scale_gpu_is_ten_minutes_of_ten_teraflops_a_second():
    scale = SCALES["gpu"]
    each = len(scale.kls) * len(scale.betas)
    shapes, digits = 0.18e9 * scale.batch_size, 0.16e9 * scale.digits_batch
    assert scale.network == "vae-conv" and scale.side == 32 and scale.seeds == scale.table_2_seeds == 1
    assert scale.steps * each * 2 * shapes / 1e13 < 600
    assert scale.steps * each * (2 * digits + shapes) / 1e13 < 600


def test_every_scale_trains_with_both_kls_and_the_larger_ones_with_all_betas():
    assert all(scale.kls == ("exact", "sigma") for scale in SCALES.values())
    assert all(SCALES[name].betas == (1, 2, 4, 8) for name in ("laptop", "gpu", "paper"))
    assert all(SCALES[name].single_priors == 10_000 for name in ("laptop", "gpu", "paper"))
    paper = SCALES["paper"]
    assert (paper.network, paper.steps, paper.lr, paper.batch_size, paper.digits_batch) == (
        "vae-conv",
        100_000,
        1e-4,
        64,
        128,
    )
