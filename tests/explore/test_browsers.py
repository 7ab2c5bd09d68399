"""The page in real browsers: it decodes as torch does, asks nothing of the network, and moves as it is told."""

import json
import socket

import pytest
import torch

import latentassay as la
from tests.explore.firefox import FIREFOX, firefox
from tests.report.test_page import CHROMIUM, DRIVER, FLAGS

pytestmark = pytest.mark.browser
READY = """
    for (let i = 0; i < 600 && !document.body.dataset.ready; i++) await new Promise((next) => setTimeout(next, 50));
    return document.body.dataset.ready ?? document.getElementById("failed").textContent;
"""
RESPOND = """
    const found = [];
    for (const z of LATENTS) {
        const { x, response, distance } = await explorer.respond(z);
        found.push([Array.from(x), Array.from(response), distance]);
    }
    return found;
"""


class Chromium:
    """Chromium with the few words that ``firefox.Session`` has."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, address, width=1280, height=900):
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        self.driver.get("about:blank")
        self.reports()  # of pages before
        self.driver.get(address)

    def run(self, script):
        wrapped = (
            f"const done = arguments[0]; (async () => {{ {script} }})().then(done, (error) => done(String(error)));"
        )
        return self.driver.execute_async_script(wrapped)

    def reports(self):
        """Addresses that were asked for, and lines of the console."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith("chrome:")], self.driver.get_log("browser")


def reports(session):
    """The same of Firefox."""
    if isinstance(session, Chromium):
        return session.reports()
    urls = [e["params"]["request"]["url"] for e in session.events if e["method"] == "network.beforeRequestSent"]
    return urls, [e["params"] for e in session.events if e["method"] == "log.entryAdded"]


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def browser(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("profile")
    if request.param == "firefox":
        if not FIREFOX:
            pytest.skip("needs firefox-esr")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with firefox(folder, port) as session:
            yield session
        return
    if not (CHROMIUM and DRIVER):
        pytest.skip("needs chromium and chromedriver")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in [*FLAGS, f"--user-data-dir={folder}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_script_timeout(60)
    yield Chromium(driver)
    driver.quit()


def made(name, x_shape, **options):
    """A model that has learned a little of pictures with a bright place, and some of these."""
    generator = torch.Generator().manual_seed(0)
    model = la.models.build(name, x_shape=x_shape, **options)
    place = torch.rand(200, 2, generator=generator) * 0.6 + 0.2
    grid = torch.stack(torch.meshgrid(*[torch.linspace(0, 1, x_shape[-1])] * 2, indexing="ij"), -1)
    x = torch.exp(-((grid - place[:, None, None]) ** 2).sum(-1) / 0.03)[:, None].expand(-1, *x_shape).contiguous()
    la.fit(model, la.objectives.build("ae"), x, steps=60, batch_size=16, lr=1e-3, seed=0)
    return model, x


MODELS = {
    "vae-mlp": {"x_shape": (1, 8, 8), "latents": 3, "hidden": (32,)},
    "vae-conv": {"x_shape": (1, 32, 32), "latents": 4},
    "sae-12": {"x_shape": (3, 16, 16), "filters": 8},
}


@pytest.fixture(scope="module", params=MODELS)
def page(request, tmp_path_factory):
    model, x = made(request.param, **MODELS[request.param])
    path = tmp_path_factory.mktemp("page") / "explore.html"
    text = la.explore(model, x, path=path, samples=64, budget=6)
    return model, path.as_uri(), text


def test_it_decodes_and_responds_as_torch_does_without_the_network(browser, page):
    model, address, text = page
    browser.open(address)
    assert browser.run(READY) == "yes"
    z = torch.randn(4, *model.latent_shape, generator=torch.Generator().manual_seed(1))
    found = browser.run(RESPOND.replace("LATENTS", json.dumps(z.tolist())))
    with torch.no_grad():
        x = model.eval().decode(z)
        back = model.encode(x).mean
    for (pixels, response, distance), right, answer, start in zip(found, x, back, z):
        assert (torch.tensor(pixels) - right.flatten()).abs().max() < 1e-3
        assert (torch.tensor(response) - answer).abs().max() < 1e-3 * max(1.0, float(back.abs().max()))
        assert 0 < distance <= float((answer - start).norm()) * 1.001
    urls, console = reports(browser)
    assert all(url == address or url.startswith(("blob:", "data:")) for url in urls), urls
    assert console == [] and len(text) <= 8e6


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    model, x = made("vae-mlp", **MODELS["vae-mlp"])
    path = tmp_path_factory.mktemp("page") / "explore.html"
    la.explore(model, x, path=path, samples=64, budget=10)
    return path.as_uri()


def test_a_slider_moves_the_latent_and_the_picture(browser, small):
    browser.open(small)
    browser.run(READY)
    before, after, value = browser.run("""
        const picture = document.getElementById("picture");
        const look = () => Array.from(picture.getContext("2d").getImageData(0, 0, 8, 8).data).join();
        const before = look();
        const slider = document.querySelector("#sliders input");
        slider.value = slider.max;
        slider.dispatchEvent(new Event("input"));
        await new Promise((next) => setTimeout(next, 500));
        return [before, look(), [Number(slider.max), explorer.place.valueOf(Number(slider.id.slice(5)))]];
    """)
    assert before != after and value[1] == pytest.approx(value[0], rel=1e-5)


def test_a_click_on_the_map_decodes_there_and_arrows_go_on(browser, small):
    browser.open(small)
    browser.run(READY)
    clicked, stepped, values = browser.run("""
        const canvas = document.getElementById("map");
        const box = canvas.getBoundingClientRect();
        const at = { clientX: box.left + 0.25 * box.width, clientY: box.top + 0.25 * box.height };
        canvas.setPointerCapture = () => {};
        canvas.dispatchEvent(new PointerEvent("pointerdown", { ...at, pointerId: 1 }));
        const plane = explorer.facts.plane;
        const where = () => plane.map((unit) => explorer.place.valueOf(unit));
        const clicked = where();
        canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
        const ends = plane.map((unit) => [explorer.facts.sliders[unit].low, explorer.facts.sliders[unit].high]);
        return [clicked, where(), ends];
    """)
    (left, right), (low, high) = values
    assert clicked == pytest.approx(
        [left + 0.25 * (right - left), low + 0.75 * (high - low)], abs=0.02 * (right - left)
    )
    assert stepped[0] - clicked[0] == pytest.approx(0.02 * (right - left), rel=1e-3)
    assert stepped[1] == pytest.approx(clicked[1], rel=1e-4)


def test_codes_can_be_clicked_rows_started_from_and_walks_taken(browser, small):
    browser.open(small)
    browser.run(READY)
    on_code, started, taken = browser.run("""
        const { facts, place } = explorer;
        const wait = () => new Promise((next) => setTimeout(next, 300));
        document.getElementById("view-codes").click();
        await wait();
        document.querySelectorAll("#samples button")[3].click();
        const started = Math.hypot(...place.z.map((value, i) => value - facts.sampleCodes[3][i]));
        const canvas = document.getElementById("map");
        canvas.setPointerCapture = () => {};
        const box = canvas.getBoundingClientRect();
        const at = { clientX: box.left + box.width / 2, clientY: box.top + 5 };
        canvas.dispatchEvent(new PointerEvent("pointerdown", { ...at, pointerId: 1 }));
        const moved = Math.hypot(...place.z.map((value, i) => value - facts.sampleCodes[3][i]));
        const slider = document.getElementById("walk-at");
        slider.value = 1;
        slider.dispatchEvent(new Event("input"));
        document.querySelector("#walk .take").click();
        const end = facts.sampleCodes[facts.walks[0].b];
        return [moved, started, Math.hypot(...place.z.map((value, i) => value - end[i]))];
    """)
    assert started < 1e-6 < on_code and taken < 1e-3


@pytest.mark.parametrize("width", [390, 900, 1400])
def test_nothing_is_cut_off_at_any_width(browser, small, width):
    browser.open(small, width=width)
    browser.run(READY)
    wide, cut = browser.run("""
        const root = document.documentElement;
        const texts = document.querySelectorAll("h1, h2, p, button, label, figcaption, .state, output, select");
        const hides = (e) => getComputedStyle(e).overflow === "hidden" && !e.matches(".sr, .sample");
        const isCut = (e) => e.getBoundingClientRect().right > innerWidth + 1
            || (hides(e) && e.scrollWidth > e.clientWidth + 1);
        const cut = [...texts].filter((e) => e.offsetParent && isCut(e));
        return [root.scrollWidth - root.clientWidth, cut.map((e) => e.outerHTML.slice(0, 80))];
    """)
    assert wide == 0 and cut == []


def test_every_control_has_a_name(browser, small):
    browser.open(small)
    browser.run(READY)
    unnamed = browser.run("""
        const named = (e) => e.textContent.trim() || e.getAttribute("aria-label") || e.labels?.length;
        const controls = [...document.querySelectorAll("button, input, select, canvas[role]")];
        return controls.filter((e) => !named(e)).map((e) => e.outerHTML);
    """)
    assert unnamed == []


def test_a_model_beyond_torch_is_shown_by_the_nearest_decoding(browser, tmp_path):
    from tests.explore.test_library import beyond_torch

    model = beyond_torch()
    x = model.decode(torch.randn(100, 2, generator=torch.Generator().manual_seed(0)))
    la.explore(model, x, path=tmp_path / "explore.html", samples=64, budget=6)
    browser.open((tmp_path / "explore.html").as_uri())
    assert browser.run(READY) == "yes"
    z = browser.run("return Array.from(explorer.facts.sampleCodes[5]);")
    ((pixels, response, _),) = browser.run(RESPOND.replace("LATENTS", json.dumps([z])))
    right = model.decode(torch.tensor([z]))
    assert (torch.tensor(pixels) - right.flatten()).abs().max() < 0.06  # WebP, and levels of 8 bits
    assert torch.allclose(torch.tensor(response), la.respond(model, torch.tensor([z]))[0], atol=1e-3)
    urls, console = reports(browser)
    assert all(url.startswith(("file:", "data:", "blob:")) for url in urls) and console == []
