"""The figures of LR as pictures: each that the text numbers, by command."""

from latentassay.papers.experiment import Options
from latentassay.papers.responses import beta_vaes, gallery
from latentassay.papers.responses.beta_vaes import BetaVAEs
from latentassay.papers.responses.figures import draw_figures
from latentassay.papers.responses.gallery import FIGURES, list_drawn
from latentassay.papers.responses.scales import SCALES
from tests.papers.conftest import small_grid


def test_all_figures_of_the_appendix_are_there_and_some_with_twelve_latents_besides():
    numbers = {shown.figure.split("-")[0] for shown in FIGURES}
    assert numbers == {"4", "6", "10", *(str(i) for i in range(12, 31))} and len({f.figure for f in FIGURES}) == len(
        FIGURES
    )
    by = {shown.figure: shown for shown in FIGURES}
    assert {by[name].reach for name in ("26", "29")} == {4.0} and by["25"].reach == by["28"].reach == 3.0
    assert [by[str(i)].plane for i in (4, *range(12, 17))] == list(range(6)) and by["12"].latents == 24
    assert by["16-with-12-latents"].latents == 12 and by["6-and-11"].kind == "matrices"


def test_models_that_are_drawn_are_those_the_authors_ran():
    models = list_drawn(SCALES["paper"])
    assert {model.kl for model in models} == {"sigma"}
    shapes = [(m.beta, m.latents) for m in models if m.data_set == "3D Shapes"]
    assert sorted(shapes) == [(1, 12), (2, 12), (4, 12), (4, 24), (8, 12)]
    assert list_drawn(SCALES["laptop"]) == models


def test_pictures_are_drawn_of_what_is_there(tiny, tmp_path, monkeypatch, trainings):
    monkeypatch.setitem(beta_vaes.SCALES, "smoke", beta_vaes.SCALES["smoke"]._replace(betas=(4,), grid=5, means=2))
    options = Options("smoke", tmp_path)
    pictures = draw_figures(options)
    names = [picture.name for picture in pictures]
    assert names[:3] == ["figure-4", "figure-6-and-11", "figure-10-beta4"] and trainings == [30, 30]
    assert "figure-12-with-12-latents" in names
    assert not any(name in names for name in ("figure-17-beta4", "figure-25"))  # no files
    assert "4-VAE, 3D Shapes, d = 24, σ-KL (LR figure 4)." in pictures[0].title
    assert [picture.name for picture in gallery.draw_gallery(BetaVAEs(options))] == names and trainings == [30, 30]


def test_planes_of_two_latents_are_near_and_far_and_arrows(tiny, tmp_path, monkeypatch):
    load = beta_vaes.load
    monkeypatch.setattr(
        beta_vaes, "load", lambda name, **options: small_grid() if name == "mnist" else load(name, **options)
    )
    monkeypatch.setitem(beta_vaes.SCALES, "smoke", beta_vaes.SCALES["smoke"]._replace(betas=(), grid=5, means=2))
    pictures = draw_figures(Options("smoke", tmp_path))
    assert [picture.name for picture in pictures] == ["figure-25", "figure-26", "figure-27"]
    limits = [picture.figure.axes[0].get_xlim() for picture in pictures]
    assert limits == [(-3, 3), (-4, 4), (-3, 3)]
