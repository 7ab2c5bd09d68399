"""Threads are counted on every system, and given back."""

import os

from threadpoolctl import threadpool_info

from latentassay.core.threads import cores, one_blas_thread


def blas():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_products_run_on_one_thread_and_the_others_come_back():
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
