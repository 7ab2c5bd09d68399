import latentassay as la
from latentassay.faults.names import public_functions


def test_every_public_function_is_found_once_by_its_shortest_name():
    found = public_functions()
    assert found["respond"] is la.respond and "responses.respond" not in found
    assert found["metrics.mig"] is la.metrics.mig
    assert found["evaluation.codebook.codebook_use"] is la.evaluation.codebook.codebook_use
    assert len({id(function) for function in found.values()}) == len(found) > 150
