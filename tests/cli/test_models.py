"""``latentassay models``: the list is of all that can be built, and layers add up to the whole."""

import re

import pytest
from typer.testing import CliRunner

from latentassay import models, objectives
from latentassay.cli.app import app
from latentassay.cli.models import objective_of


def said(*arguments, code=0, width="160"):
    done = CliRunner().invoke(app, ["models", *map(str, arguments)], env={"COLUMNS": width})
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else " ".join(done.stderr.split())


def rows(text):
    return {line.split()[0]: line for line in text.splitlines() if line and line.split()[0] in models.NAMES}


def count(name, x_shape, **options):
    return f"{sum(p.numel() for p in models.build(name, x_shape=x_shape, **options).parameters()):,}"


def test_the_list_has_every_name_and_counts_of_its_own_size(monkeypatch):
    short = rows(said())
    assert set(short) | {"ae-standard"} >= {
        name for name in models.NAMES if "interv" not in models.describe(name).origin
    }
    for name in ("sae-12", "vlae-16", "vae-conv"):
        side = 128 if name == "vlae-16" else 64
        assert count(name, (3, side, side)) in short[name]
    assert short["sae-12"].split() == ["sae-12", "12", "variables", "in", "turn", "points", "12", "1,196,623", "ae"]
    assert short["vlae-16"].split()[-4:] == ["diagonal", "32", "6,896,195", "beta-vae"]
    assert "57 models" in short["ae-standard"]


def test_all_of_the_grid_is_listed_for_those_who_ask():
    assert set(rows(said("--all", "--size", 28, "--channels", 1))) == set(models.NAMES)


def test_sizes_that_a_model_does_not_take_are_said_to_be():
    listed = rows(said("--size", 28))
    assert "other sizes" in listed["vae-conv"] and count("sae-2", (3, 28, 28)) in listed["sae-2"]


def test_it_fits_a_narrow_terminal():
    assert max(map(len, said(width="80").splitlines())) <= 80
    assert "1,196,623" in said(width="80")


@pytest.mark.parametrize(
    ("arguments", "x_shape", "options"),
    [
        (
            ("sae-4", "--size", 32, "--model-option", "filters=16", "--model-option", "hidden=32,8"),
            (3, 32, 32),
            {"filters": 16, "hidden": (32, 8)},
        ),
        (
            ("vlae-3", "--size", 16, "--channels", 1, "--latents", 6, "--model-option", "depth=6"),
            (1, 16, 16),
            {"latents": 6, "depth": 6},
        ),
        (("xvae-s", "--size", 28, "--channels", 1), (1, 28, 28), {}),
        (
            ("vae-mlp", "--values", 50, "--model-option", "hidden=9", "--model-option", "activation=relu"),
            (50,),
            {"hidden": (9,), "activation": "relu"},
        ),
        (("adaae-3", "--values", 7, "--model-option", "filters=8"), (7,), {"filters": 8}),
    ],
)
def test_layers_add_up_to_the_whole(arguments, x_shape, options):
    text = said(*arguments)
    whole, encoder, decoder = map(
        _number, re.search(r"parameters: ([\d,]+) \(encoder ([\d,]+), decoder ([\d,]+)", text).groups()
    )
    model = models.build(arguments[0], x_shape=x_shape, **options)
    assert whole == sum(p.numel() for p in model.parameters())
    halves = text.partition("\nencoder ")[2].split("\ndecoder ")
    for half, expected in zip(halves, (encoder, decoder), strict=True):
        counted = [line.split()[-1] for line in half.splitlines()[1:]]
        assert sum(_number(word) for word in counted if "×" not in word) == expected
    assert "×".join(map(str, x_shape)) in halves[1].splitlines()[-1]


def _number(word):
    return int(word.replace(",", ""))


def test_one_is_shown_with_variables_and_options():
    text = said("sae-3", "--values", 5)
    assert "variables: 3: 0–3, 4–7, 8–11\n" in text and "options: filters=64, depth=12, hidden=32,32,32\n" in text
    assert text.count("StrTfm") == 3 and "constant" in text
    assert "variables: 12, each latent by itself\n" in said("vae-hourglass", "--values", 5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sae-5",), "no model is called 'sae-5'; did you mean"),
        (("sae-12", "--latents", 10), "choose a multiple of 12"),
        (("sae-12", "--size", 100), "resize them to 96 or 112"),
        (("sae-12", "--model-option", "width=3"), "takes no option width; it knows filters, depth, hidden"),
        (("vae-mlp", "--model-option", "hidden=wide"), "hidden must be positive layer widths"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_line(arguments, message):
    assert message in said(*arguments, code=2)


def test_objectives_are_named_as_the_option_takes_them():
    assert objective_of("xcvae-i-s") == "invariance (beta-vae)"
    for name in models.NAMES:
        assert objective_of(name).split()[0] in objectives.NAMES
