import re
import shutil
import subprocess
from importlib import resources

import pytest

from latentassay.explore.bundle import bundle, modules, source

FOLDER = resources.files("latentassay.explore") / "js"
ALL = sorted(path.name for path in FOLDER.iterdir() if path.name.endswith(".js"))
DECLARED = re.compile(r"^(?:export )?(?:async )?(?:function|class|const|let) (\w+)", re.MULTILINE)


def test_modules_come_after_those_they_need():
    order = modules("worker.js")
    assert order[-1] == "worker.js" and order.index("tensors.js") < order.index("network.js")
    assert set(ALL) == {*modules("main.js"), *order}, "a module that no script has"


@pytest.mark.parametrize("entry", ["main.js", "worker.js"])
def test_names_are_unique_so_that_modules_can_share_a_scope(entry):
    names = [name for module in modules(entry) for name in DECLARED.findall(source(module))]
    assert len(names) == len(set(names)), sorted({name for name in names if names.count(name) > 1})


@pytest.mark.parametrize("name", ALL)
def test_modules_keep_to_the_forms_that_can_be_joined(name):
    text = source(name)
    assert len(text.splitlines()) <= 300 and text.startswith("// ")
    joined = re.sub(r'^import \{[^}\n]*\} from "\./[\w-]+\.js";$', "", text, flags=re.M)
    assert not re.search(r"^\s*import\b", joined, flags=re.M)
    assert all(
        re.match(r"export (async )?(function|class|const|let) ", line) for line in re.findall(r"^export.*", text, re.M)
    )


@pytest.mark.parametrize("entry", ["main.js", "worker.js"])
def test_a_bundle_is_a_script(entry, tmp_path):
    text = bundle(entry)
    assert "\nimport " not in text and "\nexport " not in text and "</" not in text
    if node := shutil.which("node"):
        (tmp_path / "bundle.cjs").write_text(text)
        assert subprocess.run([node, "--check", tmp_path / "bundle.cjs"]).returncode == 0
