"""What the page on spatial latents shows, works as it stands."""

import re

from conftest import ROOT


def test_the_page_works_as_it_stands(capsys):
    page = (ROOT / "docs" / "guides" / "spatial-latents.md").read_text("utf-8")
    names = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(block, "spatial-latents.md", "exec"), names)
    said = capsys.readouterr().out
    assert names["m"].matrix.shape == (4, 4) and "shift right" in said and said.endswith("()\n")
