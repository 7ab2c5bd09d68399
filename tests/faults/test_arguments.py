from latentassay.faults.arguments import ARGUMENTS
from latentassay.faults.exceptions import LEFT_OUT
from latentassay.faults.names import public_functions


def test_every_public_function_has_a_row_or_a_reason():
    missing = set(public_functions()) - set(ARGUMENTS) - set(LEFT_OUT)
    assert not missing, f"give {sorted(missing)} a row in faults/arguments.py: valid arguments, which are then spoilt"


def test_there_are_no_rows_of_functions_that_are_gone():
    assert not (set(ARGUMENTS) | set(LEFT_OUT)) - set(public_functions())
    assert not set(ARGUMENTS) & set(LEFT_OUT)


def test_arguments_are_new_at_every_call():
    first, second = (ARGUMENTS["respond"]() for _ in range(2))
    assert first["z"] is not second["z"] and first["model"] is not second["model"]
    assert (first["z"] == second["z"]).all()
