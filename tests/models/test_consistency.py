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

BLOCK = 1011
"""What a causal block of six units costs. Table 4 prints it with SAE-S, too, whose count is that of XSAE-S."""


def size(name):
    x_shape = (3, 128, 128) if "v32" in name else (1, 28, 28)
    return sum(p.numel() for p in models.build(name, x_shape=x_shape).parameters())


@pytest.mark.parametrize("name", TABLE_4)
def test_grid_has_the_parameters_of_table_4(name):
    masks = MASKS if name.startswith("x") and "v32" in name else 0
    assert size(name) == TABLE_4[name] + masks - BLOCK * (name == "sae-s")


def test_a_layer_of_a_structural_decoder_costs_what_table_4_says():
    """Twelve for SAE-Standard, six for SAE-S and XSAE-S4, beside what an AE of that size has."""
    for structural, plain, layers in (("sae-standard", "ae-standard", 12), ("xsae-s4", "xae-s4", 6)):
        assert size(structural) - size(plain) == 1584 * layers == TABLE_4[structural] - TABLE_4[plain]


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
