"""What an assay returns is kept, read again as it was, and shown; files that are damaged are refused by cause."""

import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.assay.evidence import pack


def test_saved_and_loaded_is_the_same(result, tmp_path):
    path = tmp_path / "a.safetensors"
    result.save(path)
    loaded = la.Assay.load(path)
    assert loaded.scores == result.scores and loaded.findings == result.findings and loaded.meta == result.meta
    for a, b in zip(loaded.sections, result.sections, strict=True):
        (arrays, facts), (kept, known) = pack(a.evidence), pack(b.evidence)
        assert type(a.evidence) is type(b.evidence) and facts == known and set(arrays) == set(kept)
        for name in arrays:
            assert_close(arrays[name], kept[name], equal_nan=True)
    assert loaded.to_html(tmp_path / "r.html") == result.to_html() == (tmp_path / "r.html").read_text("utf-8")
    assert named(loaded) == named(result) and "factors.information" in named(result)


def named(assay):
    """The figures that an assay draws of its evidence, by key."""
    return {f"{section.key}.{picture.name}" for section in assay.sections for picture in section.pictures}


def test_the_summary_is_what_findings_say_in_brief(result):
    briefs = [finding.brief for section in result.sections for finding in section.findings if finding.brief]
    assert briefs and result.summary == f"{'; '.join(briefs)}."
    first, *rest = str(result).splitlines()
    assert first == f"VAE on digits: {result.summary}" and len(rest) == len(result.findings)


def test_a_section_is_named_by_its_key(result):
    assert result["holes"].key == "holes"
    with pytest.raises(KeyError, match="hole"):
        result["hole"]


class Canary:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was run",))


def _flipped(payload):
    middle = len(payload) - 100
    return payload[:middle] + bytes([payload[middle] ^ 1]) + payload[middle + 1 :]


DAMAGE = {
    "is truncated": lambda p: p[: len(p) // 2],
    "was altered": _flipped,
    "is empty": lambda p: b"",
    "web page": lambda p: b"<!DOCTYPE html><html>Not found</html>",
    "pickle": lambda p: __import__("pickle").dumps(Canary()),
    "no saved assay": lambda p: b"\x08" + bytes(7) + b'{"a": 1}',
}


@pytest.mark.parametrize("cause", DAMAGE)
def test_damaged_files_are_refused_by_cause(result, tmp_path, cause):
    path = tmp_path / "a.safetensors"
    result.save(path)
    path.write_bytes(DAMAGE[cause](path.read_bytes()))
    with pytest.raises(la.CheckpointError, match=cause):
        la.Assay.load(path)


def test_missing_file_and_unwritable_folder(result, tmp_path):
    with pytest.raises(la.CheckpointError, match="does not exist"):
        la.Assay.load(tmp_path / "none.safetensors")
    (tmp_path / "file").write_text("")
    with pytest.raises(la.FileError, match="cannot be written"):
        result.save(tmp_path / "file" / "a.safetensors")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file"]


def test_a_printed_assay_steers_no_terminal():
    model = la.from_torch(lambda x: x, lambda z: z, latent_shape=(2,))
    name = "a\x1b[2J\u202e\udcff"
    result = la.assay(model, torch.randn(64, 2), questions="units", samples=64, name=name)
    str(result).encode()
    assert name not in str(result) and r"a\x1b[2J\u202e\udcff on observations" in str(result)
    assert name == result.meta.model
