import pytest

from latentassay import Score


def score(value, low=None, high=None, unit=""):
    return str(Score("a", "A", value, "…", 10, 0, low, high, unit))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((0.0721, 0.0641, 0.0801, "%"), "7.21 ± 0.80 %"),
        ((0.969, 0.951, 0.987, "%"), "96.9 ± 1.8 %"),
        ((8, 8, 8), "8"),
        ((11, 10, 12), "11 (10 to 12)"),
        ((11.0, 10.0, 12.0), "11.0 ± 1.0"),
        ((0.01, 0.0, 0.04, "%"), "1.0 (0.0 to 4.0) %"),
        ((12.345,), "12.3"),
        ((0.5, None, None, "nats"), "0.5 nats"),
        ((1234.0, 1134.0, 1334.0), "1234 ± 100"),
        ((2e-9, 1e-9, 3e-9), "2.00e-09 ± 1.0e-09"),
    ],
)
def test_numbers_read_like_numbers(arguments, text):
    assert score(*arguments) == text
