"""Pages of patients and of comparisons in a real Chromium, from disk and without a network."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import made_report as made
import pytest
from made_answers import full_bundle
from test_page_browser import (  # noqa: F401 - fixtures
    CONTRAST,
    OVERLAPS,
    RULES,
    WIDTHS,
    Opened,
    absent,
    checkers,
    chromium,
    opened,
)

from predictor.clinic.results import Applicability, Contribution, Interval, Prediction
from predictor.errors import Reason
from predictor.report.contents.patient import patient_report
from predictor.report.page.patients import sheet
from predictor.workflow.compare import compare_runs, write_comparison
from predictor.workflow.patient_report import patient_pages
from predictor.workflow.predict import predict_file

pytestmark = pytest.mark.slow

SHEETS = ("usual", "full", "hostile")


def prediction(variables: int, label: str, warnings: int) -> Prediction:
    parts = tuple(
        Contribution(
            f"v{i}", label.format(i), 12.5 if i % 5 else None, "10*9/L",
            (1.2 - i / 15) * (-1) ** i, 10.0, "low" if i % 5 else None,
        )
        for i in range(variables)
    )  # fmt: skip
    unit = Reason("suspicious_unit", "v1", "is outside 5 to 300 10*9/L; looks like /uL")
    limits = (Reason("beyond_limit", f"v{i}", "was beyond a limit.") for i in range(warnings))
    return Prediction(
        patient="P07",
        outcome="response",
        label="remission",
        horizon="6 months",
        population="adults with SLE before their first IVIG",
        probability=0.41,
        reference_probability=0.35,
        scale="log-odds",
        base_value=-0.6,
        contributions=parts,
        imputed=tuple(p.variable for p in parts if p.value is None),
        warnings=(unit, *limits),
        evidence={"level": "demonstration", "statement": "Not for care. " * 25},
        model={"name": "made-up", "version": "1", "digest": "sha256:0123456789abcdef"},
        interval=Interval(0.95, 0.2, 0.7, "bootstrap", 0.12),
        applicability=Applicability(False, 0.995),
        validation="Validation by resampling its cohort: AUROC 0.83 (95% interval 0.79 to 0.88).",
    )


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sheets")
    hostile = prediction(30, f"{made.HOSTILE[0]} {made.HOSTILE[5]} {{}}", 12)
    answers = {
        "usual": prediction(6, "Variable {}", 0),
        "full": prediction(30, "Variable {}", 12),
        "hostile": replace(hostile, patient=made.HOSTILE[1], label=made.HOSTILE[7]),
    }
    found = {}
    for name, answer in answers.items():
        found[name] = folder / f"{name}.html"
        text = sheet(patient_report(answer, day="2026-01-01"), back="index.html")
        found[name].write_text(text, encoding="utf-8")
    table = folder / "t.csv"
    table.write_text(
        "patient,c3,marker,fever,organ\nP1,75,40,yes,kidney\n"
        '"<img src=x onerror=alert(1)>",80,30,no,skin\nP3,-5,30,no,skin\n'
    )
    bundle = full_bundle(folder / "bundle")
    with patient_pages(folder / "many") as sink:
        predict_file(table, str(bundle), pages=sink)
    found["index"] = folder / "many" / "index.html"
    found["comparison"] = folder / "comparison.html"
    write_comparison(compare_runs(["remission", "relapse"]), found["comparison"])
    return found


every_page = pytest.mark.parametrize("name", [*SHEETS, "index", "comparison"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@every_page
def test_a_page_fits_the_screen_and_can_be_read(
    opened: Opened,  # noqa: F811
    pages: dict[str, Path],
    name: str,
    width: int,
    scheme: str,
) -> None:
    found = opened(pages[name], viewport={"width": width, "height": 800}, color_scheme=scheme)
    found.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert found.evaluate("document.documentElement.scrollWidth") <= width
    assert found.evaluate(OVERLAPS) == []
    words = "p, li, th, td, dt, dd, h1, h2, summary, caption, a"
    assert found.evaluate(CONTRAST, [words, "color"]) >= 4.5


@pytest.mark.parametrize("name", ["usual", "full"])
def test_a_patient_is_one_sheet_of_paper(
    opened: Opened,  # noqa: F811
    pages: dict[str, Path],
    name: str,
) -> None:
    pdf = opened(pages[name]).pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1


def test_the_list_leads_to_the_pages_and_they_lead_back(
    opened: Opened,  # noqa: F811
    pages: dict[str, Path],
) -> None:
    found = opened(pages["index"])
    found.locator("a", has_text="<img").click()
    assert found.url.endswith("row-00003.html")
    found.locator("a", has_text="All patients").click()
    assert found.url.endswith("index.html")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@every_page
def test_an_accessibility_checker_finds_nothing(
    chromium: Any,  # noqa: F811
    checkers: Path,  # noqa: F811
    pages: dict[str, Path],
    name: str,
    scheme: str,
) -> None:
    # The checker itself is a script that the page's policy would refuse.
    context = chromium.new_context(offline=True, bypass_csp=True, color_scheme=scheme)
    found = context.new_page()
    found.goto(pages[name].as_uri())
    found.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    found.add_script_tag(path=checkers / "axe-core" / "axe.min.js")
    result = found.evaluate("given => axe.run(given)", {"runOnly": RULES})
    context.close()
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in result["violations"]] == []


@every_page
def test_an_html_validator_finds_nothing(
    checkers: Path,  # noqa: F811
    pages: dict[str, Path],
    name: str,
    tmp_path: Path,
) -> None:
    rules = {"void-style": "off", "long-title": "off", "no-inline-style": "error"}
    config = {"root": True, "extends": ["html-validate:standard"], "rules": rules}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    node = shutil.which("node") or absent("node")
    checked = subprocess.run(
        [node, checkers / "html-validate" / "bin" / "html-validate.mjs", "--formatter", "json",
         "--config", tmp_path / "config.json", pages[name]],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    found = json.loads(checked.stdout)
    assert {(m["ruleId"], m["message"]) for one in found for m in one["messages"]} == set()
