import json
import pickle
import re

import pytest
import torch

import latentassay as la
from latentassay.core.errors import InputError


def facts(page):
    return json.loads(re.search(r'<script type="application/json" id="facts">(.*?)</script>', page, re.S)[1])


@pytest.fixture(scope="module")
def digits():
    return la.data.load("digits").split(seed=0).test


@pytest.fixture(scope="module")
def model(digits):
    made = la.models.build("ae-mlp", x_shape=digits.x_shape, latents=3, hidden=(32,))
    la.fit(made, la.objectives.build("ae"), digits, steps=300, seed=0)
    return made


def test_a_page_holds_the_model_and_what_its_assay_says(digits, tmp_path):
    model = la.models.build("vae-mlp", x_shape=digits.x_shape, latents=4, hidden=(32,))
    page = la.explore(model, digits, path=tmp_path / "e.html", name="<b>mine</b>", samples=64, budget=4)
    assert (tmp_path / "e.html").read_text("utf-8") == page
    held = facts(page)
    assert len(held["sliders"]) == 4 and held["networks"]["decoder"]["nodes"] and held["xShape"] == [1, 8, 8]
    assert held["threshold"] > 0 and held["reach"] == [0, 1]
    assert "&lt;b&gt;mine" in page and "<b>mine" not in page
    assert "http" not in re.sub(r"http://www.w3.org/\S+", "", page)


def test_a_result_is_shown_as_it_is(digits, model):
    result = la.assay(model, digits, questions=["units", "holes"], samples=64)
    held = facts(la.explore(model, digits, result=result, budget=2))
    assert [slider["state"] for slider in held["sliders"]] == list(result["units"].evidence.states)
    assert held["threshold"] == result["holes"].evidence.threshold and held["drawnFrom"] == "hybrids"


def test_a_result_knows_its_model_until_it_is_saved(digits, model, tmp_path):
    result = la.assay(model, digits, questions=["units"], samples=64)
    one, other = facts(la.explore(result, digits, budget=1)), facts(la.explore(model, digits, result=result, budget=1))
    # How far walks are refined is a matter of time.
    assert all(one[key] == other[key] for key in one.keys() - {"walks", "arrays"}) and one.keys() == other.keys()
    assert one["arrays"]["codes"] == other["arrays"]["codes"]
    result.save(tmp_path / "kept.safetensors")
    assert pickle.loads(pickle.dumps(result)).model is None  # other processes have no use for it
    with pytest.raises(InputError, match="holds no model"):
        la.explore(la.Assay.load(tmp_path / "kept.safetensors"), digits)


def test_what_cannot_be_explored_is_refused(digits):
    with pytest.raises(InputError):
        la.explore(la.models.build("ae-mlp", x_shape=(3,), latents=2), torch.zeros(40, 3, dtype=torch.int64))
    with pytest.raises(InputError, match="type is not recognised"):
        la.explore(torch.nn.Linear, digits)
