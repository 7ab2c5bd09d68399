"""Real signals to real processes."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from latentassay.core.interrupts import Terminated, raise_on_signals
from latentassay.training import load_run
from latentassay.training.interrupt import catch_interrupt

SCRIPT = """
import sys, torch
from latentassay import models, objectives
from latentassay.training import fit
torch.set_num_threads(1)
model = models.build("vae-mlp", x_shape=(1, 8, 8), latents=3, hidden=(16,))
run = fit(model, objectives.VAE(), torch.rand(50, 1, 8, 8), steps=10**9, out=sys.argv[1], resume=True, device="cpu",
          checkpoint_every=20, log_every=10)
print(run.interrupted, run.step, float(run.history[-1]["step"]))
"""


def start(out):
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not (out / "manifest.json").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            pytest.fail(f"no checkpoint within a minute: {process.communicate()[1]}")
        time.sleep(0.02)
    return process


def test_ctrl_c_saves_and_returns_a_usable_run(tmp_path):
    process = start(tmp_path / "run")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and err == ""
    interrupted, step, logged = out.split()
    run = load_run(tmp_path / "run")
    assert interrupted == "True" and run.interrupted
    assert run.step == int(step) == float(logged) > 0


def test_a_killed_run_leaves_a_checkpoint_and_resumes(tmp_path):
    out = tmp_path / "run"
    steps = []
    for _ in range(2):
        process = start(out)
        time.sleep(0.3 if steps else 0)
        process.kill()
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        steps.append(load_run(out).step)
        assert json.loads((out / "manifest.json").read_text())["step"] == steps[-1]
    assert steps == sorted(steps)


def test_a_second_ctrl_c_is_not_held_back():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), catch_interrupt() as caught:
        assert not caught()
        os.kill(os.getpid(), signal.SIGINT)
        assert caught()
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)
    assert signal.getsignal(signal.SIGINT) is before


def test_outside_the_main_thread_nothing_is_caught():
    seen = []

    def work():
        with catch_interrupt() as caught:
            seen.append(caught())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_save_and_then_end_the_program(tmp_path, number):
    process = start(tmp_path / "run")
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == -number and (out, err) == ("", "")
    run = load_run(tmp_path / "run")
    assert run.interrupted and run.step == run.history[-1]["step"] > 0


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with catch_interrupt() as caught:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not caught() and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_second_run_in_the_folder_is_told_who_writes_there(tmp_path):
    process = start(tmp_path / "run")
    second = subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path / "run")], capture_output=True, text=True)
    assert process.poll() is None and f"is being written by process {process.pid} on" in second.stderr
    process.kill()
    process.communicate()
    load_run(tmp_path / "run")


def test_a_caller_that_ends_by_an_interrupt_ends_by_the_signal_that_came():
    with pytest.raises(Terminated) as caught, raise_on_signals(), catch_interrupt() as came:
        os.kill(os.getpid(), signal.SIGTERM)
        assert came()
        raise KeyboardInterrupt
    assert caught.value.number == signal.SIGTERM


MANY = """
from pathlib import Path
import sys, torch
from latentassay import models, objectives
from latentassay.training.many import Training, fit_many
torch.set_num_threads(1)
model = models.build("vae-mlp", x_shape=(1, 8, 8), latents=3, hidden=(16,))
told = []
def watch(steps):
    told or print("trains", flush=True)
    told.append(steps)
fit_many([Training(model, objectives.VAE(), torch.rand(50, 1, 8, 8), 10**7, 16, out=Path(sys.argv[1]))], device="cpu",
         watch=watch)
"""


def test_many_trainings_are_kept_at_a_signal(tmp_path):
    command = [sys.executable, "-c", MANY, str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "trains\n", process.communicate()[1]
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM and error == ""
    run = load_run(tmp_path / "run")
    assert run.interrupted and run.step > 0
