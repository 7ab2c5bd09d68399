"""Folders of perturbed data sets are known by one file, finished or not."""

from latentassay.data.perturbed_folder import MANIFEST, is_perturbed


def test_a_folder_is_known_by_its_manifest(tmp_path):
    assert not is_perturbed(tmp_path) and not is_perturbed(tmp_path / "nowhere")
    (tmp_path / MANIFEST).mkdir()
    assert not is_perturbed(tmp_path)
    (tmp_path / MANIFEST).rmdir()
    (tmp_path / MANIFEST).write_text("{}")
    assert is_perturbed(tmp_path) and is_perturbed(str(tmp_path))
