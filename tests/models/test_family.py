"""Recipes, and what is said of them."""

from latentassay import models
from latentassay.models.family import BETA_VAE, LAST, Family, Recipe, about
from latentassay.nn.coders import mlp_coders
from latentassay.nn.heads import DIAGONAL

RECIPE = Recipe(head=DIAGONAL, coders=mlp_coders, about="dense", objective=BETA_VAE, options=("hidden",), latents=3)


def test_a_recipe_says_all_that_there_is_to_say():
    said = about("mine", "here", RECIPE)
    assert (said.name, said.what, said.origin, said.codes, said.latents) == ("mine", "dense", "here", "diagonal", 3)
    assert said.options == {"hidden": (256, 256)} and said.objective == {"name": "beta-vae", "beta": 1.0}
    assert said.trial["x_shape"] == (2, 5, 3) and said.side == 64


def test_strangers_come_last():
    assert Family("here", {"mine": RECIPE}).place == LAST


def test_codes_are_said_of_every_head():
    assert [models.describe(name).codes for name in ("ae-mlp", "wae-hourglass", "vae-mlp", "vae-full-mlp")] == [
        "points",
        "points",
        "diagonal",
        "full",
    ]
