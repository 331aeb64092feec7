"""The page in a real Chromium, from disk and without a network; an accessibility checker and an
HTML validator read it too.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import made_report as made
import pytest
from test_page_html import hostile

from predictor.report.page.html import page

pytestmark = pytest.mark.slow

WIDTHS = (320, 768, 1440)
CHECKERS = ("axe-core@4.14.1", "html-validate@9.7.1")


def absent(what: str) -> NoReturn:
    """Skip a test for want of something that .ci/run installs; there its absence is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"needs {what}")
    pytest.skip(f"needs {what}")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        absent('playwright: python -m pip install ".[dev]"')
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if path is None:
        absent("chromium, which Debian's package of that name brings")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as library:
        browser = library.chromium.launch(executable_path=path, args=[*root, "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def checkers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the two checkers, fetched with npm for the time of the tests."""
    npm = shutil.which("npm")
    if npm is None:
        absent("npm, which Debian's package of that name brings")
    folder = tmp_path_factory.mktemp("npm")
    options = ("--no-save", "--ignore-scripts", "--no-audit", "--no-fund")
    fetched = subprocess.run(
        [npm, "install", "--prefix", folder, *options, *CHECKERS],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    if fetched.returncode != 0:
        absent(f"what npm fetches ({fetched.stderr.strip()[-300:]})")
    return folder / "node_modules"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A usual report, one of long labels, and one of labels that would break out."""
    folder = tmp_path_factory.mktemp("pages")
    reports = {"usual": made.report(), "long": hostile("x" * 200), "html": hostile(made.HOSTILE[0])}
    found = {}
    for name, report in reports.items():
        found[name] = folder / f"{name}.html"
        found[name].write_text(page(report), encoding="utf-8")
    return found


Opened = Callable[..., Any]


@pytest.fixture
def opened(chromium: Any) -> Iterator[Opened]:
    """Opens a file; at the end nothing may have been complained of or asked for."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def open_file(path: Path, **settings: Any) -> Any:
        context = chromium.new_context(offline=True, **settings)
        contexts.append(context)
        found = context.new_page()
        found.on("console", lambda message: complaints.append(message.text))
        found.on("pageerror", lambda error: complaints.append(str(error)))
        found.on("request", lambda r: r.url.startswith("file:") or complaints.append(r.url[:99]))
        found.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        found.goto(path.as_uri())
        return found

    yield open_file
    for context in contexts:
        context.close()
    assert complaints == []


every_file = pytest.mark.parametrize("name", ["usual", "long", "html"])


@pytest.mark.parametrize("scripted", [True, False], ids=["script", "no script"])
@every_file
def test_every_section_is_there_with_the_network_off(
    opened: Opened, files: dict[str, Path], name: str, scripted: bool
) -> None:
    found = opened(files[name], java_script_enabled=scripted)
    for section in made.report().sections:
        assert found.locator(f"#{section.id}").is_visible()
    assert found.locator("svg.wide").count() == len(made.FIGURES)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@every_file
def test_nothing_makes_the_page_wider_than_the_screen(
    opened: Opened, files: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    found = opened(
        files[name], viewport={"width": width, "height": 800}, color_scheme=scheme
    )  # fmt: skip
    found.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert found.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_each_figure_is_shown_once(opened: Opened, files: dict[str, Path], width: int) -> None:
    found = opened(files["usual"], viewport={"width": width, "height": 800})
    shown = "[...document.querySelectorAll('svg.figure')].filter(s => s.checkVisibility()).length"
    assert found.evaluate(shown) == len(made.FIGURES)


# Boxes of texts as this machine's fonts draw them, against the sheet and against each other.
OVERLAPS = """
() => {
  const found = [];
  for (const svg of document.querySelectorAll("svg.figure")) {
    if (!svg.checkVisibility()) continue;
    const sheet = svg.getBoundingClientRect();
    const boxes = [...svg.querySelectorAll("text")].map(t => [t, t.getBoundingClientRect()]);
    boxes.forEach(([t, a], i) => {
      if (a.left < sheet.left - 1 || a.right > sheet.right + 1 || a.bottom > sheet.bottom + 1)
        found.push([svg.id, "outside", t.textContent]);
      for (const [u, b] of boxes.slice(i + 1)) {
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        const small = Math.min(a.height, b.height);
        if (wide > 1 && high > 0.4 * small) found.push([svg.id, t.textContent, u.textContent]);
      }
    });
  }
  return found;
}
"""


@pytest.mark.parametrize("width", WIDTHS)
@every_file
def test_no_text_of_a_figure_lies_upon_another(
    opened: Opened, files: dict[str, Path], name: str, width: int
) -> None:
    found = opened(files[name], viewport={"width": width, "height": 800})
    assert found.evaluate(OVERLAPS) == []


def test_a_table_is_sorted_by_its_heads(opened: Opened, files: dict[str, Path]) -> None:
    found = opened(files["usual"])
    head = found.locator("#a-table thead button", has_text="Brier score")
    column = (
        "[...document.querySelectorAll('#a-table tbody td:nth-child(3)')].map(c => c.innerText)"
    )
    head.click()
    assert found.evaluate(column) == ["0.201", "0.228", "–"]
    head.click()
    assert found.evaluate(column) == ["0.228", "0.201", "–"]
    sorted_by = found.locator("#a-table th[aria-sort]")
    assert (sorted_by.count(), sorted_by.get_attribute("aria-sort")) == (1, "descending")


def test_a_link_opens_what_is_folded(opened: Opened, files: dict[str, Path]) -> None:
    found = opened(files["usual"])
    assert found.locator("#folded-table").get_attribute("open") is None
    found.evaluate("location.hash = '#folded-table'")
    found.wait_for_selector("#folded-table[open]")


def test_a_table_can_be_saved(opened: Opened, files: dict[str, Path], tmp_path: Path) -> None:
    found = opened(files["usual"], accept_downloads=True)
    with found.expect_download() as saving:
        found.locator("#a-table a[download]").click()
    saving.value.save_as(tmp_path / "table.csv")
    assert saving.value.suggested_filename == "a-table.csv"
    first, *rows = (tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()
    assert first == "model,auroc,auroc_low,auroc_high,brier,share,n,chosen"
    assert rows[1] == "ridge,0.714,0.6,0.8,0.2005,0.015,1374,1"


def test_the_keyboard_reaches_report_and_tables(opened: Opened, files: dict[str, Path]) -> None:
    found = opened(files["usual"], viewport={"width": 320, "height": 800})
    found.keyboard.press("Tab")
    assert found.evaluate("document.activeElement.textContent") == "Skip to the report"
    found.keyboard.press("Enter")
    assert found.evaluate("document.activeElement.id") == "main"


def test_text_can_be_twice_as_large(opened: Opened, files: dict[str, Path]) -> None:
    """WCAG 1.4.4."""
    found = opened(files["usual"], viewport={"width": 768, "height": 800})
    found.evaluate("document.documentElement.style.fontSize = '200%'")
    assert found.evaluate("document.documentElement.scrollWidth") <= 768


def test_on_paper_no_figure_is_cut_and_folded_tables_are_open(
    opened: Opened, files: dict[str, Path]
) -> None:
    found = opened(files["usual"], viewport={"width": 680, "height": 980})
    found.emulate_media(media="print")
    heights = found.evaluate(
        "[...document.querySelectorAll('figure')].map(f => f.getBoundingClientRect().height)"
    )
    assert max(heights) < 1000  # of the 1006 pixels between the margins of A4
    found.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert found.locator("#folded-table table").is_visible()
    # Chromium does not repeat a head with buttons on the next sheet.
    assert found.locator("thead button").count() == 0
    assert found.locator("#a-table thead").inner_text().startswith("Model\tAUROC")
    assert not found.locator("#a-roc details").is_visible()
    found.evaluate("dispatchEvent(new Event('afterprint'))")
    assert found.locator("#folded-table").get_attribute("open") is None
    assert found.locator("#a-table thead button").count() == 6
    pdf = found.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) >= len(made.report().sections)


def test_a_very_high_figure_still_fits_a_sheet(opened: Opened, tmp_path: Path) -> None:
    rows = [{"label": f"Centre {n}", "value": n / 90, "low": 0.0, "high": 1.0} for n in range(90)]
    section = made.report().sections[0]
    section = section.__class__("s", "S", (made.figure("forest", rows),))
    (tmp_path / "high.html").write_text(page(made.report(sections=(section,))), encoding="utf-8")
    found = opened(tmp_path / "high.html", viewport={"width": 680, "height": 980})
    found.emulate_media(media="print")
    assert found.evaluate("document.querySelector('figure').getBoundingClientRect().height") < 1000


# Smallest ratio of brightness between some elements and what they stand on.
CONTRAST = """
([chosen, property]) => {
  const rgb = text => text.match(/[0-9.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = rgb(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
  };
  const ratios = [];
  for (const e of document.querySelectorAll(chosen)) {
    const colour = getComputedStyle(e)[property];
    if (!e.checkVisibility() || colour === "none") continue;
    const [a, b] = [light(rgb(colour)), light(ground(e))];
    ratios.push((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return Math.min(...ratios);
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_marks_stand_out_from_their_ground(
    opened: Opened, files: dict[str, Path], scheme: str
) -> None:
    """WCAG 1.4.3 and 1.4.11; the checker does not look into figures."""
    found = opened(files["usual"], color_scheme=scheme)
    found.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    words = "p, li, th, td, dt, dd, h1, h2, h3, h4, summary, caption, figcaption, a, .badge, pre"
    assert found.evaluate(CONTRAST, [words, "color"]) >= 4.5
    assert found.evaluate(CONTRAST, ["svg text", "fill"]) >= 4.5
    assert found.evaluate(CONTRAST, [".bar, .mark, .head", "fill"]) >= 3
    lines = ".series, .whisker, .dots, .axis, .diagonal, .reference, .hollow, .arrow"
    assert found.evaluate(CONTRAST, [lines, "stroke"]) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_numbers_stand_out_from_the_fullest_cell_of_ranks(
    opened: Opened, files: dict[str, Path], scheme: str
) -> None:
    found = opened(files["usual"], color_scheme=scheme)
    found.evaluate(
        """() => {
          const cell = document.querySelector(".heat"), place = document.createElement("p");
          place.id = "cell";
          place.textContent = "100%";
          document.body.append(place);
          place.style.backgroundColor = getComputedStyle(cell).fill;
          place.style.color = getComputedStyle(document.body).color;
        }"""
    )
    assert found.evaluate(CONTRAST, ["#cell", "color"]) >= 4.5


RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
@every_file
def test_an_accessibility_checker_finds_nothing(
    chromium: Any, checkers: Path, files: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    # The checker itself is a script that the page's policy would refuse.
    context = chromium.new_context(
        offline=True, bypass_csp=True, color_scheme=scheme, viewport={"width": width, "height": 900}
    )
    found = context.new_page()
    found.goto(files[name].as_uri())
    found.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    found.add_script_tag(path=checkers / "axe-core" / "axe.min.js")
    # Where every text is the same, so are the names of the sections.
    unique = {"landmark-unique": {"enabled": name == "usual"}}
    result = found.evaluate("given => axe.run(given)", {"runOnly": RULES, "rules": unique})
    context.close()
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in result["violations"]] == []
    assert len(result["passes"]) > 20


@every_file
def test_an_html_validator_finds_nothing(
    checkers: Path, files: dict[str, Path], name: str, tmp_path: Path
) -> None:
    # Rules of style that say nothing about whether a page is valid are off.
    config = {
        "root": True,
        "extends": ["html-validate:standard"],
        "rules": {"void-style": "off", "long-title": "off", "no-inline-style": "error"},
    }
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    node = shutil.which("node") or absent("node")
    checked = subprocess.run(
        [node, checkers / "html-validate" / "bin" / "html-validate.mjs", "--formatter", "json",
         "--config", tmp_path / "config.json", files[name]],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    found = json.loads(checked.stdout)
    assert {(m["ruleId"], m["message"]) for one in found for m in one["messages"]} == set()
    assert checked.returncode == 0
