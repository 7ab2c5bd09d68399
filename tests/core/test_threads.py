"""Threads are counted on every system, and given back."""

import os

import pytest
import torch
from threadpoolctl import threadpool_info

from latentassay.core import threads
from latentassay.core.threads import choose_threads, cores, fastest_threads, one_blas_thread

CPU = torch.device("cpu")


def blas():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_products_run_on_one_thread_and_the_others_come_back():
    with one_blas_thread():
        pass  # the first use loads a library of its own
    before = blas()
    with one_blas_thread():
        assert set(blas()) == {1}
    assert blas() == before


def test_cores_are_counted_where_no_process_is_bound(monkeypatch):
    assert 1 <= cores() <= os.cpu_count()
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cores() == os.cpu_count()
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1


@pytest.fixture
def two(monkeypatch):
    """Two threads to choose from, and a clock that only work moves."""
    before, clock = torch.get_num_threads(), Clock()
    torch.set_num_threads(2)
    monkeypatch.setattr(threads.time, "perf_counter", lambda: clock.now)
    yield clock
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)


class Clock:
    now, calls, one, with_two = 0.0, 0, 0.005, 1.0

    def work(self):
        """5 ms on one thread, so many times as long on two."""
        self.calls += 1
        self.now += self.one * (self.with_two if torch.get_num_threads() == 2 else 1)
        return 8


@pytest.mark.parametrize("with_two, chosen", [(0.6, 2), (0.95, 1), (1.0, 1), (5.0, 1)])
def test_what_is_faster_is_chosen_and_one_thread_where_it_is_about_the_same(two, with_two, chosen):
    two.with_two = with_two
    with fastest_threads(two.work, CPU):
        assert torch.get_num_threads() == chosen
        assert two.calls <= 12


def test_slow_work_is_tried_twice_with_one_thread_and_once_with_all(two):
    two.one, two.with_two = 3.0, 0.6
    with fastest_threads(two.work, CPU):
        assert two.calls == 3 and torch.get_num_threads() == 2


def test_a_busy_core_is_noticed_after_one_look(two):
    two.with_two = 15.0
    with fastest_threads(two.work, CPU):
        assert two.now < 0.1


def test_work_that_becomes_slower_with_all_threads_is_done_with_one_from_then_on(two):
    two.with_two = 0.6
    with fastest_threads(two.work, CPU) as check:
        for _ in range(20):
            check()
        assert torch.get_num_threads() == 2
        two.with_two = 6.0
        for _ in range(3):
            check()
        assert torch.get_num_threads() == 1
        calls = two.calls
        check()
        assert two.calls == calls


def test_longer_work_chooses_as_it_goes_and_is_done_once(two):
    two.with_two = 0.5
    with choose_threads(CPU) as choice:
        for _ in range(45):
            two.work()
            choice.count(7)
        assert torch.get_num_threads() == 1
        for _ in range(155):
            two.work()
            choice.count(7)
        assert torch.get_num_threads() == 2 and two.now < 50 * 0.005 + 150 * 0.005 * 0.55
        two.with_two = 5.0
        for _ in range(100):
            two.work()
            choice.count(7)
        assert torch.get_num_threads() == 1


def test_the_old_number_comes_back_after_errors_and_errors_of_the_sample_are_left_to_the_work(two):
    def fail():
        raise ValueError("no")

    with fastest_threads(fail, CPU) as check:
        check()
    with pytest.raises(KeyError), fastest_threads(two.work, CPU):
        raise KeyError


def test_nothing_is_tried_where_there_is_one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    clock = Clock()
    with fastest_threads(clock.work, CPU) as check:
        check()
    assert clock.calls == 0
    torch.set_num_threads(before)


def test_nothing_is_tried_on_another_device(two):
    with fastest_threads(two.work, torch.device("cuda")):
        assert two.calls == 0 and torch.get_num_threads() == 2
