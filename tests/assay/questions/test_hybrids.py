"""What becomes of an observation when one of its units comes from another."""

import torch
from torch.testing import assert_close

from latentassay.report import figures
from tests.assay import responding
from tests.assay.asking import ask

KEY = "consistency.hybrids"


def test_hybrids_take_one_unit_at_a_time():
    model, data = responding.clean()
    sections = ask(model, data, KEY)
    found = sections[KEY].evidence
    base, other, mixed = (torch.from_numpy(getattr(found, name)) for name in ("base", "alternative", "hybrids"))
    z, donor, made = (model.encode(x).mean for x in (base, other, mixed.flatten(0, 1)))
    for j, hybrid in enumerate(made.reshape(len(z), 3, 3).unbind(1)):
        wanted = z.clone()
        wanted[:, j] = donor[:, j]
        assert_close(hybrid, wanted)
    assert set(figures(sections.values())) == {f"{KEY}.sheet"}


def test_units_that_do_nothing_are_not_exchanged():
    assert ask(*responding.collapsed(), KEY)[KEY].evidence.labels == ("0", "2")


def test_channels_are_exchanged_whole():
    assert ask(*responding.channels(), KEY, samples=64)[KEY].evidence.hybrids.shape == (4, 3, 3, 8, 8)
