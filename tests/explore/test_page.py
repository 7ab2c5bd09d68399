"""The page as text; what it does is tried in browsers."""

import base64
import json
import re

import numpy as np
import torch

import latentassay as la
from latentassay.explore.contents import Contents
from latentassay.explore.network import export_networks
from latentassay.explore.page import render
from latentassay.explore.units import Slider


def slider(label, at):
    return Slider(
        label=label,
        state="alive",
        indices=(at,),
        direction=(1.0,),
        centre=0.0,
        low=-3.0,
        high=3.0,
        spread=1.0,
        response=0.9,
        effect=0.5,
        variable=at,
    )


def contents():
    rng = np.random.default_rng(0)
    return Contents(
        sliders=[slider("</script>", 0), slider("1", 1)],
        kept=[0, 1],
        threshold=1.0,
        codes=rng.normal(size=(7, 2)).astype(np.float32),
        distance=np.ones(7, np.float32),
        drawn=np.zeros((3, 2), np.float32),
        drawn_distance=np.ones(3, np.float32),
        drawn_from="the prior",
        samples=rng.uniform(-1, 1, size=(2, 1, 2, 2)).astype(np.float32),
        sample_codes=np.zeros((2, 2), np.float32),
        plane=(0, 1),
        map=np.ones((32, 32), np.float32),
        walks=[],
        reach=(-1.0, 1.0),
    )


def test_arrays_lie_where_the_facts_say():
    model = la.from_torch(lambda x: x.flatten(1)[:, :2], lambda z: z.repeat(1, 2).view(-1, 1, 2, 2), latent_shape=(2,))
    made = contents()
    networks = export_networks(model, torch.randn(3, 2))
    page = render(made, networks, title="t", subject="s", shapes={"xShape": [1, 2, 2], "latentShape": [2]})
    held = dict(re.findall(r'<script [^>]*id="(\w+)">(.*?)</script>', page, re.S))
    facts, payload = json.loads(held["facts"]), base64.b64decode(held["bytes"])
    assert facts["sliders"][0]["label"] == "</script>"
    assert payload[: len(networks.packed.payload)] == networks.packed.payload
    place = facts["arrays"]["codes"]
    assert np.array_equal(np.frombuffer(payload, "<f4", place["count"], place["at"]), made.codes.reshape(-1))
    place = facts["arrays"]["samples"]
    levels = np.frombuffer(payload, "u1", place["count"], place["at"]) / 255
    assert np.abs(-1 + 2 * levels - made.samples.reshape(-1)).max() <= 1 / 255 + 1e-6
