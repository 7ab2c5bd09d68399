"""Models that break the contract are named before any reader uses their answers."""

import threading

import pytest
import torch

import latentassay as la
from latentassay.assay.input_checks.moments import add_up
from latentassay.assay.input_checks.outputs import output_scale
from latentassay.assay.input_checks.ranges import value_range
from latentassay.assay.principal import Rotated
from latentassay.core.autoencoder import eval_mode
from latentassay.core.guard import decode_std_batch, decoder_output_batch, encode_batch
from latentassay.core.observations import as_observations
from latentassay.geometry.decoders import MeanAndStd

E, D, X = torch.nn.Linear(6, 2), torch.nn.Linear(2, 6), torch.rand(64, 6)
MODEL = la.from_torch(E, D, latent_shape=(2,))


def test_a_log_variance_given_as_deviation_is_refused_before_holes_are_sought():
    pair = la.from_torch(lambda x: (E(x), torch.full((len(x), 2), -3.0)), D, latent_shape=(2,), output="mean_std")
    with pytest.raises(la.ContractError, match="logvar given as std"):
        la.find_holes(pair, X)


def test_a_wrong_size_names_what_the_model_takes_and_what_came():
    with pytest.raises(la.ContractError, match=r"first layer, Linear, takes 6 numbers\) failed on a tensor \(64, 5\)"):
        la.sampling.encode(MODEL, X[:, :5])
    wrong = la.from_torch(E, D, latent_shape=(3,))
    with pytest.raises(la.ContractError, match=r"takes latents \(n, 3\) and failed on a tensor \(4, 3\)"):
        la.sampling.decode(wrong, torch.zeros(4, 3))
    with pytest.raises(la.ContractError, match=r"means of shape \(64, 3\), got \(64, 2\)"):
        la.sampling.encode(wrong, X)


def test_channels_that_come_last_are_named_with_the_turn():
    convolution = la.from_torch(torch.nn.Conv2d(3, 2, 1), torch.nn.Conv2d(2, 3, 1), latent_shape=(2, 8, 8))
    with pytest.raises(la.ContractError, match=r"takes 3 channels, which come last here: turn them by x\.movedim"):
        la.sampling.encode(convolution, torch.zeros(4, 8, 8, 3))


def test_out_of_memory_says_what_to_lower():
    def full(z):
        raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")

    with pytest.raises(la.ContractError, match="lower batch_size="):
        la.sampling.decode(la.from_torch(E, full, latent_shape=(2,)), torch.zeros(4, 2))


def test_modes_are_held_for_all_threads_and_restored_by_the_last():
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Dropout()).train()
    inside, leave, seen = threading.Event(), threading.Event(), []

    def ask():
        with eval_mode(net):
            inside.set()
            leave.wait(10)
            seen.append(net[1].training)

    thread = threading.Thread(target=ask)
    with eval_mode(net):
        thread.start()
        inside.wait(10)
    leave.set()
    thread.join()
    assert seen == [False]
    assert net.training and net[1].training


class Broken:
    """A model whose decoder fails in the middle of a batch, by a word that is torch's or anybody's."""

    latent_shape, prior = (2,), None

    def encode(self, x):
        return la.Point(E(x))

    def decode(self, z):
        raise KeyError("layer 7")

    decoder_output = decode_std = decode


@pytest.mark.parametrize(
    "ask",
    [
        lambda: output_scale(Broken(), X),
        lambda: value_range(Broken(), X),
        lambda: Rotated(Broken(), torch.zeros(2), torch.eye(2)).decode(torch.zeros(3, 2)),
        lambda: MeanAndStd(Broken())(torch.zeros(3, 2)),
        lambda: decoder_output_batch(Broken(), torch.zeros(3, 2)),
        lambda: decode_std_batch(Broken(), torch.zeros(3, 2)),
    ],
)
def test_what_a_decoder_raises_is_said_with_the_shape_of_its_latents(ask):
    with pytest.raises(la.ContractError, match=r"takes latents \(n, 2\) and failed on a tensor \(\d+, 2\).*layer 7"):
        ask()


def test_moments_of_codes_refuse_a_log_variance_given_as_deviation():
    pair = la.from_torch(lambda x: (E(x), torch.full((len(x), 2), -3.0)), D, latent_shape=(2,), output="mean_std")
    with pytest.raises(la.ContractError, match="logvar given as std"):
        add_up(pair, as_observations(X), torch.arange(64), 16)


@pytest.mark.parametrize("ask", [decoder_output_batch, decode_std_batch])
def test_what_else_a_decoder_returns_is_checked(ask):
    model = Broken()
    model.decoder_output = model.decode_std = lambda z: [z]
    with pytest.raises(la.ContractError, match="must return a tensor, got list"):
        ask(model, torch.zeros(3, 2))
    model.decoder_output = model.decode_std = lambda z: z[:1]
    with pytest.raises(la.ContractError, match=r"one observation for each latent \(3, 2\), got \(1, 2\)"):
        ask(model, torch.zeros(3, 2))


@pytest.mark.parametrize(
    ("values", "refused"), [([0.1, -1.0], True), ([torch.nan, -1.0], True), ([torch.nan, 0], False)]
)
def test_a_negative_deviation_is_seen_beside_nan(values, refused):
    std = torch.tensor(values)
    model = la.from_torch(lambda x: (E(x), std.expand(len(x), 2)), D, latent_shape=(2,), output="mean_std")
    if refused:
        with pytest.raises(la.ContractError, match="posterior std is negative"):
            encode_batch(model, X)
    else:
        assert encode_batch(model, X).std.isnan().any()
    assert encode_batch(model, X[:0]).mean.shape == (0, 2)
