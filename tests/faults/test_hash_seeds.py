from latentassay.faults.hash_seeds import _judge, fingerprint


def test_another_answer_and_a_process_that_died_are_seen():
    first = {"a": "1", "b": "2"}
    assert _judge("a", "1", first, first, 0.0).verdict == "value"
    assert _judge("a", "1", first, {"a": "3"}, 0.0).verdict == "differs"
    died = _judge("b", "1", first, {"a": "1", "": "Killed"}, 0.0)
    assert (died.verdict, died.detail, died.case) == ("died", "Killed", "hash seed 1")


def test_the_order_of_words_is_part_of_an_answer():
    assert fingerprint(["a", "b"]) != fingerprint(["b", "a"])
    assert fingerprint(["a", "b"]) == fingerprint(["a", "b"])
