import pytest

import latentassay as la
from latentassay.truth.judging import judge, members, read_answer
from latentassay.truth.plant import Plant, claim

MODEL = la.from_torch(lambda x: x, lambda z: z, latent_shape=(8,))
PLANT = Plant(
    model=MODEL,
    data=None,
    truth=frozenset({claim("units.dead", 3, 5)}),
    consequences=frozenset({"reconstruction.kept"}),
    never=frozenset({"units.twins"}),
)


def verdict(*said, plant=PLANT):
    return judge(plant, read_answer(said, "mine"))


def test_the_defect_is_named_if_it_is_of_the_right_units():
    assert verdict(("units.dead", ("5", "3"), "note")) == (True, True, "note", ())
    assert verdict(("units.dead", ("3",))) == (True, False, None, ())
    assert verdict(("units.dead", ("7",))) == (False, None, None, ("units.dead",))
    assert not verdict(("units.faint", ("3",), "note")).named


def test_what_follows_is_no_false_accusation_and_a_wrong_cause_always_is():
    assert verdict(("reconstruction.kept", (), "warning")).wrong == ()
    assert verdict(("holes", (), "warning")).wrong == ("holes",)
    assert verdict(("holes", (), "note")).wrong == ()
    assert verdict(("units.twins", ("3+5",), "note")).wrong == ("units.twins",)


def test_clean_models_may_be_blamed_for_nothing():
    clean = Plant(model=MODEL, data=None)
    assert verdict(("units.faint", ("3",), "note"), plant=clean).wrong == ("units.faint",)
    assert verdict(plant=clean) == (False, None, None, ())


def test_directions_count_where_there_are_any():
    leak = Plant(model=MODEL, data=None, truth=frozenset({claim("graph.one_way", "3>5")}))
    assert verdict(("graph.one_way", ("3>5",)), plant=leak).subjects_right
    assert verdict(("graph.one_way", ("5>3",)), plant=leak).subjects_right is False


def test_members_of_pairs_are_single_units():
    assert members(frozenset({"c1>c2", "c1+c4"})) == {"c1", "c2", "c4"}


def test_answers_of_another_form_are_refused():
    with pytest.raises(la.ContractError, match="expected pairs"):
        read_answer(["units.dead"], "mine")
