import sys
from types import ModuleType, SimpleNamespace

import pytest

from latentassay.core.errors import InputError
from latentassay.monitor.lightning import PACKAGES, lightning_callback


def test_without_lightning_it_says_what_to_install(monkeypatch):
    for name in PACKAGES:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match="pip install lightning"):
        lightning_callback(None)


def test_the_hooks_call_the_monitor(monkeypatch):
    module = ModuleType("pytorch_lightning")
    module.Callback = type("Callback", (), {})
    monkeypatch.setitem(sys.modules, "lightning.pytorch", None)
    monkeypatch.setitem(sys.modules, "pytorch_lightning", module)
    seen = []

    class Recorder:
        def __call__(self, step, model):
            seen.append((step, model))

        def close(self):
            seen.append("closed")

    callback = lightning_callback(Recorder())
    assert isinstance(callback, module.Callback)
    callback.on_train_batch_end(SimpleNamespace(global_step=5), "model", None, None, 4)
    callback.on_train_end(None, "model")
    assert seen == [(5, "model"), "closed"]
