"""The page in a real browser: sorting, phones, the dark, and silence on the network."""

import json
import shutil

import pytest

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs chromium and chromedriver"),
]
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


@pytest.fixture(scope="module")
def address(tmp_path_factory, html):
    page = tmp_path_factory.mktemp("report") / "report.html"
    page.write_text(html, encoding="utf-8")
    return page.as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in [*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


def look(browser, address, *, width=1280, scheme="light"):
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    media = {
        "features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
    }
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.get(address)


def test_silence(browser, address):
    browser.get("about:blank")
    browser.get_log("performance"), browser.get_log("browser")
    look(browser, address)
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    own = [url for url in urls if not url.startswith("chrome:")]  # the browser's own start page, drawn late
    assert own[:1] == [address] and all(url.startswith("data:") for url in own[1:])
    assert browser.get_log("browser") == []


def test_a_table_sorts_both_ways(browser, address):
    from selenium.webdriver.common.by import By

    look(browser, address)
    table = browser.find_element(By.CSS_SELECTOR, "#holes table")
    value = table.find_elements(By.CSS_SELECTOR, "th")[1]

    def column():
        return [float(cell.get_attribute("data-sort")) for cell in table.find_elements(By.CSS_SELECTOR, "td.value")]

    orders = []
    for order in ("ascending", "descending"):
        value.find_element(By.TAG_NAME, "button").click()
        assert value.get_attribute("aria-sort") == order
        orders.append(column())
    assert orders == [[0.031, 0.072], [0.072, 0.031]]
    table.find_element(By.CSS_SELECTOR, "th button").click()
    assert value.get_attribute("aria-sort") is None


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_the_page_never_scrolls_sideways(browser, address, width):
    look(browser, address, width=width)
    assert (
        browser.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
        == 0
    )
    cut = """return [...document.querySelectorAll('main p, main td, main dd, h1, h2, figcaption')]
        .filter(e => e.getBoundingClientRect().right > innerWidth + 1).length"""
    assert browser.execute_script(cut) == 0


def contrast(first: str, second: str) -> float:
    """Contrast ratio of WCAG 2.2 between two colours written as rgb(r, g, b)."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in colour[4:-1].split(",")]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_light_and_dark_differ_and_both_can_be_read(browser, address):
    pages = []
    for scheme in ("light", "dark"):
        look(browser, address, scheme=scheme)
        style = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
        page = browser.execute_script(style, "body", "backgroundColor")
        pages.append(page)
        for place in (
            "body",
            ".question",
            ".problem .level",
            ".warning .level",
            ".good .level",
            ".note .level",
            "td a, .definition",
        ):
            assert contrast(browser.execute_script(style, place, "color"), page) >= 4.5, (scheme, place)
        fills = "return [...new Set([...document.querySelectorAll('svg text')].map(e => getComputedStyle(e).fill))]"
        on_the_page = set(browser.execute_script(fills)) - {"rgb(255, 255, 255)"}
        assert len(on_the_page) == 2 and all(contrast(fill, page) >= 4.5 for fill in on_the_page), scheme
    assert pages[0] != pages[1]


def test_paper_is_light_and_shows_whole_figures(browser, address):
    look(browser, address, width=760, scheme="dark")
    dark = {"media": "print", "features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
    page = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert contrast("rgb(0, 0, 0)", page) > 15
    wide = "return [...document.querySelectorAll('.picture')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
    assert browser.execute_script(wide) == 0
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
