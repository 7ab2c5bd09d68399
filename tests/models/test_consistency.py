"""The grid of IC against its tables 3 and 4."""

import pytest
import torch

from latentassay import models, objectives
from latentassay.core.contract import check_autoencoder

TABLE_4 = {
    "ae-standard": 423_259,
    "xae-standard": 425_677,
    "ae-s": 309_973,
    "xae-s": 310_984,
    "xae-s4": 313_936,
    "ae-v32": 2_840_827,
    "xae-v32": 2_850_299,
    "xae-v324": 2_878_523,
    "vae-standard": 298_771,
    "xvae-standard": 301_189,
    "vae-s": 186_025,
    "xvae-s": 187_036,
    "xvae-s4": 188_836,
    "vae-v32": 2_763_707,
    "xvae-v32": 2_773_179,
    "xvae-v324": 2_795_259,
    "sae-standard": 442_267,
    "xsae-standard": 444_685,
    "sae-s": 320_488,
    "xsae-s": 320_488,
    "xsae-s4": 323_440,
}
MASKS = 32 * 31 // 2
"""Of 32 units: table 4 does not count them, though it counts those of 6 and 12."""


def size(name):
    x_shape = (3, 128, 128) if "v32" in name else (1, 28, 28)
    return sum(p.numel() for p in models.build(name, x_shape=x_shape).parameters())


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("xae-s", "ae-s"),
        ("xae-standard", "ae-standard"),
        ("xae-s4", "ae-s"),
        ("xae-s4", "xae-s"),
        ("xvae-s", "vae-s"),
        ("xvae-standard", "vae-standard"),
        ("xvae-s4", "vae-s"),
        ("ae-standard", "ae-s"),
        ("xsae-standard", "sae-standard"),
        ("xsae-s4", "xsae-s"),
    ],
)
def test_what_a_change_costs_is_what_table_4_says(wide, narrow):
    assert size(wide) - size(narrow) == TABLE_4[wide] - TABLE_4[narrow]


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [("xae-v32", "ae-v32"), ("xae-v324", "ae-v32"), ("xvae-v32", "vae-v32"), ("xvae-v324", "vae-v32")],
)
def test_what_causes_cost_for_faces_is_what_table_4_says_and_their_masks(wide, narrow):
    assert size(wide) - size(narrow) == TABLE_4[wide] - TABLE_4[narrow] + MASKS


@pytest.mark.parametrize(("name", "share"), [(name, 0.14 if "sae" in name else 0.002) for name in TABLE_4])
def test_whole_models_are_about_as_large_as_in_table_4(name, share):
    """AE and VAE miss a constant of 0.01 to 0.2 %: 590 (AE), 284 and 122 (VAE, S and standard), 296 and 328 (faces).

    SAE-S and XSAE-S have one number in the table, so one of them is a misprint; and no single Str-Tfm layer accounts
    for both S and standard, so the paper's structural layers are not known.
    """
    assert size(name) == pytest.approx(TABLE_4[name], rel=share)


def test_every_combination_has_a_name():
    for size_name, plain in (("s", 1), ("standard", 1), ("s4", 0), ("v32", 1), ("v324", 0)):
        of_size = {name for name in models.NAMES if name.endswith(f"-{size_name}")}
        assert len(of_size) == 9 + 4 * plain
    assert len(set(models.NAMES)) == len(models.NAMES)


@pytest.mark.parametrize("name", ["xcae-i-s", "xcsae-e-s4", "xcvae-e-standard", "avae-s"])
def test_a_name_that_means_another_objective_is_the_same_network(name):
    family, *_, size_name = name.split("-")
    twin = f"{family.replace('xc', 'x').replace('avae', 'vae')}-{size_name}"
    a, b = (models.build(each, x_shape=(1, 12, 12), seed=3) for each in (name, twin))
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    assert a.spec["name"] == name
    assert (type(objectives.published(name)).__name__ == "AVAE") == (family == "avae")


def test_faces_pass_through_a_model_of_four_valued_causes():
    model = models.build("xsae-v324", x_shape=(3, 128, 128))
    assert check_autoencoder(model, torch.rand(2, 3, 128, 128))
    assert model.latent_shape == (32,) and model.causes(torch.zeros(1, 32)).shape == (1, 32, 4)
