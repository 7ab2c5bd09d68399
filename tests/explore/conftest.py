"""Networks run by the page's own interpreter, in node."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from latentassay.explore.graph import build_graph
from latentassay.explore.operations import TABLE
from latentassay.explore.tracing import trace
from latentassay.explore.weights import pack

NODE = shutil.which("node")
RUN = Path(__file__).parent / "js" / "run.mjs"


@pytest.fixture
def node(tmp_path):
    """A function (described, payload, inputs, names of networks) → what each of them returns for every input."""
    if NODE is None:
        pytest.skip("needs node")

    def run(described, payload, inputs, *names):
        (tmp_path / "graph.json").write_text(json.dumps(described))
        (tmp_path / "weights.bin").write_bytes(payload)
        asked = [NODE, str(RUN), str(tmp_path / "graph.json"), str(tmp_path / "weights.bin"), *names]
        given = json.dumps([value.flatten().tolist() for value in inputs])
        found = subprocess.run(asked, input=given, text=True, capture_output=True)
        assert found.returncode == 0, found.stderr
        return [[torch.tensor(each) for each in answers] for answers in json.loads(found.stdout)]

    return run


@pytest.fixture
def differ(node):
    """A function (module, inputs) → greatest difference between torch and the interpreter, with exact weights."""

    def compare(module, *inputs, exact=True):
        with torch.no_grad():
            graph = build_graph(
                trace(module, inputs[0], [module] if isinstance(module, torch.nn.Module) else ()), TABLE
            )
            packed = pack(graph.constants, exact=exact)
            described = {"only": graph.as_json(), "tensors": list(packed.tensors)}
            answers = node(described, packed.payload, inputs, "only")
            expected = [module(x) for x in inputs]
        return max(float((answer - right.flatten()).abs().max()) for (answer,), right in zip(answers, expected))

    return compare
