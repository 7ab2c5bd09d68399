import json
import math
from dataclasses import replace

import torch

import latentassay as la
from latentassay.monitor.reading import read, row


def test_a_reading_takes_over_what_the_assay_found():
    data = torch.randn(256, 3)
    model = la.from_torch(lambda x: x * torch.tensor([1.0, 1.0, 0.0]), lambda z: z, latent_shape=(3,))
    found = la.assay(model, data, questions=["reconstruction", "units", "holes"], samples=256)
    reading = read(found, step=7, seconds=0.5, budget=0.3)
    assert [unit.state for unit in reading.units[:2]] == ["alive", "alive"] and reading.units[2].state != "alive"
    assert reading.alive == 2 and reading.units[0].response > 0.9 and reading.units[0].signal == 1
    assert reading.numbers["units.alive"] == 2 and reading.findings["units.alive"] == "note"
    assert reading.holes == found.scores["holes.hybrid"].value


def test_a_row_is_json_without_nan():
    found = la.assay(la.from_torch(lambda x: x, lambda z: z, latent_shape=(2,)), torch.randn(64, 2), samples=64)
    text = json.dumps(row(read(found, step=7, seconds=0.5, budget=0.3), share=0.02, warnings=["x"]), allow_nan=False)
    back = json.loads(text)
    assert back["step"] == 7 and back["warnings"] == ["x"] and back["states"] == {"0": "alive", "1": "alive"}
    assert all(math.isfinite(number["value"]) for number in back["numbers"].values())


def test_units_that_rest_on_a_few_rows_are_not_followed():
    model = la.from_torch(lambda x: x, lambda z: z, latent_shape=(2,))
    found = la.assay(model, torch.randn(64, 2), questions="units", samples=64)
    few = replace(found, meta=replace(found.meta, used=(8, 64)))
    assert read(found, step=1, seconds=0.1, budget=0.1).units
    assert read(few, step=1, seconds=0.1, budget=0.1).units == ()


def test_what_was_not_asked_is_not_there():
    model = la.from_torch(lambda x: x, lambda z: z, latent_shape=(2,))
    found = la.assay(model, torch.randn(64, 2), questions="reconstruction", samples=64)
    reading = read(found, step=1, seconds=0.1, budget=0.1)
    assert reading.units == () and reading.alive is None and reading.holes is None
