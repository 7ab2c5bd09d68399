"""Fit of data and model in an assay: the range of values, the scale of latents, and which of it is a fault."""

import pytest
import torch

import latentassay as la
from tests.assay.asking import ask, findings_of, scores_of


def checks_of(model, data, samples=128, **options):
    return ask(model, data, "input_checks", samples=samples, **options)


def scaled(std, mean=0.0, prior=None, **words):
    """A model of four latents with these standard deviations."""
    stds, means = torch.as_tensor(std).expand(4), torch.as_tensor(mean).expand(4)

    def encode(x):
        return x * stds + means

    model = la.from_torch(encode, lambda z: (z - means) / stds.clamp(min=1e-6), latent_shape=(4,), prior=prior)
    for name, value in words.items():
        setattr(model, name, value)
    return model


def data(n=500):
    return torch.randn(n, 4, generator=torch.Generator().manual_seed(3))


def test_what_fits_is_praised():
    section = checks_of(scaled(1.0, prior="normal"), data())
    assert {key: one.level for key, one in findings_of(section).items()} == {
        "input_checks.range": "good",
        "input_checks.scale": "good",
    }
    scores = scores_of(section)
    assert scores["input_checks.std"].low < 1 < scores["input_checks.std"].high and scores["input_checks.std"].n == 128
    assert scores["input_checks.range"].value == 1 and scores["input_checks.std"].value == pytest.approx(1, abs=0.1)
    assert section["input_checks"].evidence.channel_std == pytest.approx(1, abs=0.2)


def test_a_promised_scale_that_is_missed_is_a_fault_and_another_one_advice():
    promised, free = (
        findings_of(checks_of(scaled(5.5, prior=prior), data()))["input_checks.scale"] for prior in ("normal", None)
    )
    assert promised.level == "warning" and "not the 1 of the prior: multiply by 0.18" in promised.sentence
    assert free.level == "note" and "multiply by 0.18" in free.sentence
    spoken = findings_of(checks_of(scaled(5.5, space="native latents"), data()))["input_checks.scale"]
    assert spoken.remedy.endswith("These are native latents.")


def test_channels_of_their_own_scale_mean_or_none_are_noted():
    section = findings_of(checks_of(scaled(torch.tensor([1.0, 1.0, 9.0, 0.0]), torch.tensor([4.0, 0, 0, 0])), data()))
    assert section["input_checks.channels"].level == section["input_checks.shift"].level == "note"
    assert section["input_checks.shift"].subjects == ("0",)
    assert "input_checks.still" not in section  # what a unit is that never varies, the ledger says
    assert section["input_checks.channels"].subjects == ("1", "2")


def test_rows_that_repeat_each_other_are_a_fault_of_the_data():
    x = data(50)
    found = findings_of(checks_of(scaled(1.0), x.repeat(20, 1)))["input_checks.repeats"]
    assert found.level == "warning" and "count as one" in found.sentence and "independent ones" in found.sentence
    assert found.estimate.low <= 1 + 127 * 19 / 999 <= found.estimate.high
    assert "input_checks.repeats" not in findings_of(checks_of(scaled(1.0), data()))


def test_few_rows_leave_the_scale_unsure():
    section = findings_of(checks_of(scaled(1.22), data(), samples=32))
    finding = section["input_checks.scale"]
    assert finding.level == "unsure" and finding.remedy is None and "rows would tell" in finding.settle


def test_data_in_another_range_are_a_problem_with_its_mend():
    x = torch.rand(200, 4, generator=torch.Generator().manual_seed(0))
    model = la.from_torch(lambda x: x.clamp(0, 1), lambda z: z, latent_shape=(4,))
    model.value_range = (0.0, 1.0)
    section = findings_of(checks_of(model, 2 * x - 1))
    wrong = section["input_checks.range"]
    assert wrong.level == "problem" and "seems to expect [0, 1]" in wrong.sentence
    assert "([−1, 1] to [0, 1])" in wrong.remedy and wrong.brief
    assert section["input_checks.outside"].level == "warning"
    assert "input_checks.outside" not in findings_of(checks_of(model, x))


def test_a_slow_model_is_asked_on_fewer_rows():
    section = checks_of(scaled(1.0), data(), budget=1e-6)
    assert [score.n for score in section["input_checks"].scores] == [16, 128, 128]  # codes are known and cost nothing


def test_channels_of_a_model_with_a_prior_break_a_promise():
    stds = torch.tensor([1.0, 1.0, 9.0, 1.0])
    section = findings_of(checks_of(scaled(stds, torch.tensor([4.0, 0, 0, 0]), prior="normal"), data()))
    assert section["input_checks.channels"].level == "warning"


@pytest.mark.parametrize("prior", ["normal", None])
def test_a_shift_is_said_once_beside_the_prior_where_there_is_one(prior):
    model = scaled(torch.ones(4), torch.tensor([4.0, 0, 0, 0]), prior=prior)
    found = findings_of(ask(model, data(), "input_checks", "aggregate", samples=128))
    said = {key: (found[key].level, found[key].subjects) for key in found if key.endswith(".shift")}
    expected = {"aggregate.shift": ("warning", ("0",))} if prior else {"input_checks.shift": ("note", ("0",))}
    assert said == expected


SEEDS = range(10)


def logits(seed, step=torch.sigmoid):
    """Data in [0, 1] and a model of them whose decoder returns what ``step`` is to be made of."""
    g = torch.Generator().manual_seed(seed)
    c, w = torch.randn(300, 3, generator=g), 2 * torch.randn(3, 20, generator=g)
    inverse = torch.linalg.pinv(w)
    encode = lambda v: v.clamp(1e-4, 1 - 1e-4).logit() @ inverse  # noqa: E731
    return la.from_torch(encode, lambda z: step(z @ w), latent_shape=(3,)), (c @ w).sigmoid()


@pytest.mark.parametrize("seed", SEEDS)
def test_logits_are_named_and_the_mean_is_not(seed):
    wrong = findings_of(checks_of(*logits(seed, step=lambda y: y)))
    finding = wrong["input_checks.output"]
    assert finding.level == "problem" and "logits" in finding.sentence and "decode(z).sigmoid()" in finding.remedy
    # The output explains why no mapping of the data helps, so that nothing else is said of them.
    assert "input_checks.range" not in wrong and "input_checks.belong" not in wrong
    fine = findings_of(checks_of(*logits(seed)))
    assert "input_checks.output" not in fine and fine["input_checks.range"].level == "good"


def turned(seed, own):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(300, 8, generator=g)
    a, b = (torch.linalg.qr(torch.randn(8, 8, generator=g))[0] for _ in range(2))
    outwards = a.T if own else b
    return la.from_torch(lambda v: v @ a, lambda z: z @ outwards, latent_shape=(8,)), x


@pytest.mark.parametrize("seed", SEEDS)
def test_a_decoder_of_another_run_is_named_and_its_own_is_not(seed):
    finding = findings_of(checks_of(*turned(seed, own=False)))["input_checks.belong"]
    assert finding.level == "problem" and finding.estimate.low > 0.5
    assert finding.sentence.startswith("Encoder and decoder do not seem to belong together")
    assert "both checkpoints" in finding.remedy
    assert not {"input_checks.belong", "input_checks.output"} & set(findings_of(checks_of(*turned(seed, own=True))))


def test_bytes_that_saturate_an_encoder_are_named_and_nothing_else_is():
    model, x = logits(0)
    found = findings_of(checks_of(model, 255 * x))
    assert "[0, 255] to [0, 1]" in found["input_checks.range"].remedy and found["input_checks.range"].level == "problem"
    assert not {"input_checks.belong", "input_checks.output"} & set(found)
    assert not any(finding.is_grave for key, finding in found.items() if key != "input_checks.range")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_decoder_in_another_range_or_off_by_a_constant_is_not_called_data_in_another_range(seed):
    """Mappings of the data make such errors smaller as well, but not as small as the right explanation does."""
    signed = findings_of(checks_of(*logits(seed, step=lambda y: 2 * y.sigmoid() - 1)))
    assert signed["input_checks.output"].level == "problem" and signed["input_checks.range"].level == "note"
    assert "(decode(z) + 1) / 2" in signed["input_checks.output"].remedy
    biased = findings_of(checks_of(*logits(seed, step=lambda y: y.sigmoid() + 0.4)))
    assert "input_checks.output" not in biased and not biased["input_checks.range"].is_grave
