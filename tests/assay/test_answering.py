"""A model that makes no numbers of some latents, or fails on them, is asked on; how many those are is a finding."""

import pytest
import torch

import latentassay as la
from latentassay.assay.context import seeded

TURN = torch.linalg.qr(torch.randn(8, 4, generator=torch.Generator().manual_seed(0))).Q
LIMIT = 2.2


def decoder(kind):
    def decode(z):
        bad = z[:, :1] > LIMIT
        if kind == "raises":
            if bool(bad.any()):
                raise IndexError("out of table")
            return z @ TURN.T
        return torch.where(bad, {"NaN": torch.nan, "infinite": torch.inf}[kind], z @ TURN.T)

    return decode


def inside(n=1500, seed=1):
    z = torch.randn(n, 4, generator=torch.Generator().manual_seed(seed))
    return z[z[:, 0] < LIMIT - 0.3] @ TURN.T


def small_noise(x):
    return x @ TURN, torch.full((len(x), 4), -6.0)


def model_of(decode, encode=small_noise):
    return la.from_torch(encode, decode, latent_shape=(4,), prior="normal", output="mean_logvar")


@pytest.mark.parametrize("kind", ["NaN", "infinite", "raises"])
def test_latents_without_an_answer_are_counted_and_the_other_questions_are_answered(kind):
    result = la.assay(model_of(decoder(kind)), inside(), samples=256, grid=10)
    found = {finding.key: finding for finding in result.findings}
    assert not [key for key in found if key.endswith(".failed")]
    share = found["answers.lost"].estimate
    assert share.low <= 0.0139 <= share.high  # P(N(0, 1) > 2.2)
    assert "prior samples" in found["answers.lost"].sentence and "latent 0 is 2." in found["answers.lost"].sentence
    assert result["holes"].caveat and not result["reconstruction"].caveat


def test_rows_without_an_answer_accuse_neither_the_model_nor_the_range_of_values():
    def decode(z):
        return torch.where(z[:, :1] > 1.0, torch.nan, z @ TURN.T)

    x = torch.randn(400, 4, generator=torch.Generator().manual_seed(2)) @ TURN.T
    result = la.assay(model_of(decode), x, samples=256, questions=["input_checks", "units"])
    found = {finding.key: finding for finding in result.findings}
    share = found["answers.lost"].estimate
    assert found["answers.lost"].level == "warning" and share.low <= 0.1587 <= share.high  # P(N(0, 1) > 1)
    assert found["input_checks.range"].level == "good"


def test_a_healthy_model_has_no_such_section():
    result = la.assay(model_of(lambda z: z @ TURN.T), inside(), samples=128, grid=10, questions=["units", "holes"])
    assert "answers" not in {section.key for section in result.sections}


def test_observations_that_the_encoder_cannot_read_are_left_out_and_counted():
    def encode(x):
        mean, logvar = small_noise(x)
        return torch.where(mean[:, 3:] > 2.0, torch.nan, mean), logvar

    x = inside()
    bad = int(((x @ TURN)[:, 3] > 2.0).sum())
    result = la.assay(model_of(lambda z: z @ TURN.T, encode), x, samples=256, questions=["units", "reconstruction"])
    found = {finding.key: finding for finding in result.findings}
    assert f"of {bad} of {len(x)} observations" in found["answers.unread"].sentence
    assert "reconstruction" in {section.key for section in result.sections}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_models_of_half_precision_are_answered_whole(dtype):
    torch.manual_seed(0)
    model = la.from_torch(
        torch.nn.Linear(8, 4).to(dtype), torch.nn.Linear(4, 8).to(dtype), latent_shape=(4,), prior="normal"
    )
    result = la.assay(model, inside(), samples=128, grid=10)
    assert not [finding.sentence for finding in result.findings if finding.key.endswith(".failed")]


def test_data_that_are_being_differentiated_are_data():
    model = model_of(lambda z: z @ TURN.T)
    result = la.assay(model, inside().requires_grad_(), samples=128, grid=10, questions=["reconstruction", "paths"])
    assert not [finding.sentence for finding in result.findings if finding.key.endswith(".failed")]


def overflowing(size, below=-1.9):
    """Means, or deviations, of so large a size where the last latent is small; about 3 % of rows."""

    def encode(x):
        mean, logvar = small_noise(x)
        far = mean[:, 3:] < below
        return torch.where(far, size, mean), torch.where(far & (size < 0), 140.0, logvar)

    return encode


@pytest.mark.parametrize("size", [1e30, -1.0])
def test_codes_that_are_absurdly_large_are_no_spread_of_the_others(size):
    """One row at 1e30, or with a posterior of width e^70, would be all that there is to measure."""
    x = inside()
    bad = int(((x @ TURN)[:, 3] < -1.9).sum())
    result = la.assay(
        model_of(lambda z: z @ TURN.T, overflowing(size)), x, samples=256, questions=["units", "posterior"]
    )
    found = {finding.key: finding for finding in result.findings}
    assert f"of {bad} of {len(x)} observations" in found["answers.unread"].sentence
    assert found["units.alive"].subjects == ("0", "1", "2", "3") and found["units.alive"].level == "note"


@pytest.mark.parametrize("size", [torch.nan, 1e30])
def test_rows_that_cannot_be_read_are_left_out_also_where_they_come_late(size):
    """The row is the 201st that is drawn; 64 are drawn at first, and those that are asked about later without it."""
    x = inside()
    late = x[torch.randperm(len(x), generator=seeded(0, "rows"))[200]]

    def encode(v):
        mean, logvar = small_noise(v)
        return torch.where((v == late).all(1, keepdim=True), size, mean), logvar

    result = la.assay(model_of(lambda z: z @ TURN.T, encode), x, samples=64, questions=["units", "aggregate"])
    found = {finding.key: finding for finding in result.findings}
    assert not [key for key in found if key.endswith(".failed")]
    assert f"of 1 of {len(x)} observations" in found["answers.unread"].sentence


def test_a_model_whose_codes_are_all_too_large_is_refused_by_what_is_wrong_with_them():
    with pytest.raises(la.ContractError, match="mean holds NaN or infinite values for x from"):
        la.assay(model_of(lambda z: z @ TURN.T), torch.full((64, len(TURN)), 3e38))
