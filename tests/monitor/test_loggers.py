import pytest

from latentassay.core.errors import InputError
from latentassay.monitor.loggers import as_logs

NUMBERS = {"units.alive": 4.0, "holes.prior": 0.02}


def test_each_kind_is_called_in_its_own_way():
    called = []

    class Writer:  # TensorBoard's SummaryWriter: add_scalar(tag, scalar_value, global_step)
        def add_scalar(self, tag, scalar_value, global_step=None):
            called.append((tag, scalar_value, global_step))

    class MLflow:  # mlflow.log_metrics(metrics, step)
        @staticmethod
        def log_metrics(metrics, step=None):
            called.append((metrics, step))

    class WandB:  # run.log(data)
        def log(self, data, step=None, commit=None):
            called.append((data, step))

    for log in as_logs([Writer(), MLflow, WandB()]):
        log(30, NUMBERS)
    prefixed = {f"latentassay/{name}": value for name, value in NUMBERS.items()}
    assert called == [
        *((name, value, 30) for name, value in prefixed.items()),
        (prefixed, 30),
        ({**prefixed, "latentassay/step": 30}, None),
    ]


def test_one_logger_needs_no_list_and_none_is_none():
    seen = []
    (log,) = as_logs(lambda step, numbers: seen.append(step))
    log(3, {})
    assert seen == [3] and as_logs(None) == ()


def test_what_logs_nothing_is_refused():
    with pytest.raises(InputError, match=r"add_scalar .* got str"):
        as_logs(["runs/x"])


def test_tensorboard_reads_what_was_written(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path) as writer:
        (log,) = as_logs(writer)
        log(10, NUMBERS), log(20, NUMBERS)
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [event.step for event in events.Scalars("latentassay/units.alive")] == [10, 20]
    assert events.Scalars("latentassay/holes.prior")[1].value == pytest.approx(0.02)
