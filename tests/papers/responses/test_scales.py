"""Scales of LR: what each costs by the times that were measured for one step."""

from latentassay.papers.responses.scales import SCALES

SHAPES = {"vae-conv-small": 0.011, "vae-conv": 0.169}
"""Seconds of one core for a step of 64 pictures of 32×32 with three channels."""

DIGITS = {"vae-conv-small": 0.019, "vae-conv": 0.376}
"""For a step of 128 with one channel."""

HOURS = 3600 * 2
"""Seconds of two cores in an hour."""


def test_each_table_of_scale_laptop_trains_in_less_than_an_hour_and_a_half_of_two_cores():
    """What is left of two hours is for measuring."""
    scale = SCALES["laptop"]
    each = len(scale.kls) * len(scale.betas)
    shapes = each * scale.steps * SHAPES[scale.network]
    own = len(scale.own) * len(scale.kls) * scale.own_steps * SHAPES["vae-conv"]
    assert scale.seeds * (2 * shapes + own) < 1.5 * HOURS
    digits = 2 * each * scale.steps * DIGITS[scale.network]
    assert scale.table_2_seeds * (digits + shapes) < 1.5 * HOURS


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
