"""Models that break the contract are named before any reader uses their answers."""

import threading

import pytest
import torch

import latentassay as la
from latentassay.core.autoencoder import eval_mode

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
