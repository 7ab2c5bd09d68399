import sys
from types import ModuleType, SimpleNamespace

import pytest

from latentassay.core.errors import InputError
from latentassay.monitor.transformers import transformers_callback


def test_without_transformers_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match="pip install transformers"):
        transformers_callback(None)


def test_the_hooks_call_the_monitor(monkeypatch):
    module = ModuleType("transformers")
    module.TrainerCallback = type("TrainerCallback", (), {})
    monkeypatch.setitem(sys.modules, "transformers", module)
    seen = []

    class Recorder:
        def __call__(self, step, model):
            seen.append((step, model))

        def close(self):
            seen.append("closed")

    callback = transformers_callback(Recorder())
    assert isinstance(callback, module.TrainerCallback)
    callback.on_step_end(None, SimpleNamespace(global_step=5), None, model="model", optimizer=None)
    callback.on_train_end(None, None, None, model="model")
    assert seen == [(5, "model"), "closed"]
