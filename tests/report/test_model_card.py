"""The model card says in two pages what the report says, and nothing else of its own."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from made_standings import manifest, source

from predictor.clinical.dictionary import load_dictionary
from predictor.report.contents.report import report_of
from predictor.report.contents.source import open_source
from predictor.report.contents.verdict import verdict_of, verdict_section
from predictor.report.document import (
    Check,
    Checks,
    Column,
    Figure,
    Paragraph,
    Report,
    Section,
    Table,
    Verbatim,
)
from predictor.report.model_card import MOST_ROWS, escaped, fenced, model_card


def described(**model: Any) -> dict[str, Any]:
    dictionary = load_dictionary()
    found = manifest(500, 161, simulated=True)
    found["prediction"] = {"most_missing": 0.5}
    found["privacy"] = {"cell_size": 5}
    found["dictionary"] |= {"primary_aps": dictionary.variable("primary_aps").to_dict()}
    found["dictionary"]["age"] = dictionary.variable("age").to_dict()
    found["model"] |= {"kind": "linear", "smallest_leaf": None, **model}
    return found


def table(name: str, *rows: dict[str, Any]) -> Table:
    shown = (Column("label", "Model"), Column("auroc", "AUROC", "interval"), Column("more", "More"))
    return Table(name, "A table", shown, rows)


def report(text: str = "plain", *checks: Check) -> Report:
    found = source(described())
    verdict = verdict_of(found)
    rows = ({"label": text, "auroc": 0.714, "auroc_low": 0.6, "auroc_high": 0.8, "more": "hidden"},)
    candidates = Figure(
        "performance-candidates-figure", "forest", text, text, (table("behind", *rows),), {}
    )
    sections = (
        verdict_section(found, verdict),
        Section("patients", text, (Paragraph(text),)),
        Section(
            "performance",
            "Performance",
            (),
            (Section("performance-candidates", "Candidates", (candidates,)),),
        ),
        Section("model-equation", "Equation", (Verbatim(f"log-odds =\n  {text}"),)),
        Section("pitfalls", "Pitfalls", (Checks(checks),)),
    )
    about = {"model_digest": "sha256:1", "cohort_digest": "sha256:2", "run_id": None}
    return Report(text, text, verdict, about, sections, (text,))


def card(text: str = "plain", *checks: Check, **model: Any) -> str:
    return model_card(report(text, *checks), described(**model))


def test_the_verdict_comes_before_everything_else() -> None:
    lines = [line for line in card().splitlines() if line]
    assert lines[0] == "# plain"
    assert lines[1].startswith("**A demonstration on 500 simulated patients, not for care: ")
    assert sum("A demonstration on 500" in line for line in lines) == 1


def test_a_figure_stands_as_the_table_that_it_draws_with_the_columns_of_a_card() -> None:
    lines = card().splitlines()
    at = lines.index("| Model | AUROC |")
    assert lines[at + 1 : at + 3] == ["|---|---:|", "| plain | 0.71 (0.60 to 0.80) |"]


def test_long_tables_are_cut_to_what_fits() -> None:
    found = report()
    rows = [{"label": f"row {i}"} for i in range(99)]
    behind = Figure("performance-candidates-figure", "forest", "t", "a", (table("b", *rows),), {})
    section = Section("performance-candidates", "C", (behind,))
    text = model_card(replace(found, sections=(section,)), described())
    assert text.count("| row ") == MOST_ROWS
    assert f"{99 - MOST_ROWS} further rows stand in the report." in text


def test_a_variable_that_is_left_out_of_the_importance_is_named() -> None:
    found = report()
    behind = replace(table("b", {"label": "Age"}), note="Not shown: Sex.")
    importance = Figure("explanation-importance-figure", "bars", "t", "a", (behind,), {})
    candidates = Figure("performance-candidates-figure", "forest", "t", "a", (behind,), {})
    sections = (
        Section("explanation-importance", "I", (importance,)),
        Section("performance-candidates", "C", (candidates,)),
    )
    text = model_card(replace(found, sections=sections), described())
    assert text.count("Not shown: Sex.") == 1
    assert text.index("## Explanation") < text.index("Not shown: Sex.")
    alone = Section("explanation-importance", "I", (Paragraph("All are left out: Sex."),))
    assert "All are left out: Sex." in model_card(replace(found, sections=(alone,)), described())


def test_checks_that_a_reader_must_know_of_are_told_and_the_others_counted() -> None:
    checks = (
        Check(1, "leak", "Leakage suspicion", "warning", "One variable alone tells all.", "Bad."),
        Check(2, "epp", "Events per parameter", "note", "Few.", "Not good."),
        Check(3, "order", "Order of rows", "passed", "Nothing.", "Good."),
        Check(4, "centre", "Centres", "not assessed", "There are none.", ""),
    )
    told = card("plain", *checks)
    assert "- Warning, Leakage suspicion: One variable alone tells all." in told
    assert "- Note, Events per parameter: Few." in told
    assert "- Passed: 1 checks; not assessed: 1." in told
    assert "Order of rows" not in told


def test_exclusion_criteria_are_named_as_those_of_the_cohort_or_of_the_dictionary() -> None:
    told = card()
    assert "exclusion criterion of the study" not in told
    assert "criterion of the dictionary (primary antiphospholipid syndrome)" in told
    name = next(n for n, entry in described()["dictionary"].items() if entry["exclusion"])
    manifest = {**described(), "config": {"cohort": {"exclude": [name]}}}
    told = model_card(report(), manifest)
    assert "of the study\n  (primary antiphospholipid syndrome), gets no prediction." in told
    assert "criterion of the dictionary" not in told


def test_a_forest_with_small_leaves_is_not_meant_for_sharing() -> None:
    assert "not meant for sharing" in card(kind="estimator", smallest_leaf=1)
    assert "not meant for sharing" not in card(kind="estimator", smallest_leaf=5)
    assert "Its thresholds derive from patients' values." in card(kind="estimator")


@pytest.mark.parametrize(
    "nasty", ["a|b", "# x", "<script>", "[x](y)", "two\nlines", "*x*", "\u202eabc", "x" * 200]
)
def test_names_from_outside_cannot_break_the_layout(nasty: str) -> None:
    plain, told = card(), card(nasty)
    inside = len(nasty.splitlines()) - 1  # of the equation, where lines stay lines
    assert len(told.splitlines()) == len(plain.splitlines()) + inside
    assert escaped(nasty) in told
    outside = re.sub(r"```text\n.*?\n```", "", told, flags=re.DOTALL)
    assert "<script>" not in outside
    assert "\u202e" not in outside


def test_a_fence_is_longer_than_any_fence_inside_it() -> None:
    assert fenced("a\n````\nb").startswith("`````text\n")


@pytest.mark.parametrize("model", ["remission", "relapse"])
def test_the_card_of_a_shipped_model_fits_on_two_pages_and_holds_its_figures(model: str) -> None:
    opened = open_source(model)
    found = report_of(opened)
    told = model_card(found, opened.manifest)
    assert len(told.splitlines()) <= 160
    assert len(told) <= 9000
    assert "nan" not in told.lower().replace("finance", "")
    for fact in found.sections[0].blocks[1].facts:  # type: ignore[union-attr]
        assert escaped(fact.value) in told
    for reason in (*found.verdict.reasons, *found.verdict.next_steps):
        assert f"- {escaped(reason)}" in told
    headings = re.findall(r"^## (.*)$", told, re.MULTILINE)
    assert headings[:6] == [
        "Verdict",
        "Patients",
        "Performance",
        "Explanation",
        "The model itself",
        "Pitfalls found",
    ]
    assert not re.search(r"\n\n\n", told)
