"""How sentences are put: one or several, a few of many."""

from latentassay.assay.wording import list_places, listing, place_name, say_of_units, span


def test_lists_end_with_and():
    assert [listing(list(names)) for names in ("a", "ab", "abcd")] == ["a", "a and b", "a, b, c and d"]


def test_one_unit_is_and_several_are():
    assert say_of_units(["4"], "dead") == "Unit 4 is dead."
    assert say_of_units(["4", "7", "9"], "dead") == "Units 4, 7 and 9 are dead."


def test_places_have_a_coordinate_for_each_side():
    assert [place_name(place, (2, 3)) for place in range(6)] == [
        "(0, 0)",
        "(0, 1)",
        "(0, 2)",
        "(1, 0)",
        "(1, 1)",
        "(1, 2)",
    ]
    assert place_name(17, (2, 3, 4)) == "(1, 1, 1)" and place_name(5, (12,)) == "(5)"


def test_of_many_places_six_are_named():
    names = [str(k) for k in range(8)]
    assert list_places(names[:1]) == "place 0" and list_places(names[:6]) == "places 0, 1, 2, 3, 4 and 5"
    assert list_places(names) == "8 places (0, 1, 2, 3, 4, 5 …)"


def test_counts_that_differ_are_a_range():
    assert span(3, 3) == "3" and span(3, 5) == "3 to 5"
