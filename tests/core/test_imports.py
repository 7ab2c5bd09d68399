import random

import pytest

from latentassay.core.imports import importing


def test_what_an_import_draws_is_not_missed_afterwards():
    before = random.getstate()
    with pytest.raises(RuntimeError), importing():
        random.random()
        raise RuntimeError
    assert random.getstate() == before
