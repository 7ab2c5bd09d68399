import pytest

from latentassay.core.errors import InputError
from latentassay.core.signatures import bind, bind_options


def plain(x, *, bins=20):
    return x + bins


def test_options_are_bound_and_unknown_ones_refused_by_name():
    bound = bind(plain, 1, name="mig", bins=2)
    assert plain(*bound.args, **bound.kwargs) == 3
    with pytest.raises(InputError, match=r"mig .*'bin'; its options are bins; see la\.metrics"):
        bind(plain, 1, name="mig", fix="see la.metrics", bin=2)


def test_what_may_be_given_by_position_or_keyword_is_an_option_unless_it_was():
    with pytest.raises(InputError, match=r"its options are x, bins$"):
        bind(plain, name="mig", y=1)
    with pytest.raises(InputError, match=r"its options are bins$"):
        bind(plain, 1, name="mig", y=1)


def test_what_is_missing_is_named():
    with pytest.raises(InputError, match="missing a required argument: 'x'"):
        bind(plain, name="mig")


def test_nothing_is_called_and_a_builtin_may_take_anything():
    bind(lambda x: 1 / 0, 1, name="f")
    bind(min, 1, 2, name="min")


def test_options_that_a_user_named_may_have_any_name():
    assert bind_options(lambda x, *, name, fix: x, [1], {"name": 2, "fix": 3}, name="f").kwargs == {"name": 2, "fix": 3}
    with pytest.raises(InputError, match="f got an unexpected keyword argument 'name'; its options are x, bins"):
        bind_options(plain, (), {"x": 1, "name": 2}, name="f")
