"""The section *Performance*: figures are drawn from what was found, and say in words what it is."""

from __future__ import annotations

import re
from typing import Any

import made_validation
import numpy as np
import pytest
from made_sources import VARIABLES, cohort, source, trained

from predictor.cohort.cohort import Cohort
from predictor.report.contents import performance_words as words
from predictor.report.contents.performance import performance
from predictor.report.contents.performance_curves import (
    better_between,
    rise_of,
    shown_between,
    side_of,
)
from predictor.report.contents.performance_tables import close_call
from predictor.report.contents.source import Source
from predictor.report.document import Facts, Figure, Listing, Paragraph, Section, Table, tables_of
from predictor.report.page.figures import pictures
from predictor.validation.curves import curves
from predictor.validation.instability import prediction_instability
from predictor.validation.instability_bins import binned
from predictor.validation.own_subgroups import own_subgroups
from predictor.workflow.findings import plain

PARTS = (
    "figures",
    "roc",
    "calibration",
    "decision",
    "candidates",
    "subgroups",
    "centres",
    "instability",
    "signal",
)


def found(name: str = "ridge") -> dict[str, Any]:
    """Findings of a model that stands in for its own out-of-fold predictions."""
    values, outcome = cohort()
    fitted, predictors = trained(name)
    apparent = fitted.probability(values[:, list(predictors)])
    generator = np.random.default_rng(3)
    beyond = np.clip(apparent + generator.normal(0, 0.1, (2, 160)), 0.01, 0.99)
    fold = np.stack([generator.permutation(160) % 5 for _ in range(2)])
    refits = np.clip(apparent + generator.normal(0, 0.05, (120, 160)), 0, 1)
    unstable = prediction_instability(apparent, refits, np.ones(120), [0.25, 0.5])
    assert unstable is not None
    made = Cohort(
        "c.csv", VARIABLES, values, outcome, None, "none", None, (), (), simulated=False
    )  # fmt: skip
    constant = name == "prevalence"
    if constant:
        beyond = np.full_like(beyond, outcome.mean()) + 0.001 * fold
    return plain(  # type: ignore[no-any-return]
        {
            "curves": curves(
                outcome, apparent, beyond, fold, None, constant=constant, thresholds=(0.25,),
                cell_size=5, seed=2,
            ),
            "subgroups": {
                "cell_size": 5,
                "rows": [row.to_dict() for row in own_subgroups(made, beyond, fold, 5)],
            },
            "instability": {"bins": binned(unstable, 5)},
        }
    )  # fmt: skip


def row_of(name: str, *, chosen: bool = False, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "label": name.replace("_", " "),
        "chosen": chosen,
        "auroc": 0.7,
        "auroc_low": 0.6,
        "auroc_high": 0.8,
        "log_loss": 0.6,
        "log_loss_difference": 0.01,
        "log_loss_difference_se": 0.02,
        "brier": 0.2,
        "scaled_brier": 0.1,
        "calibration_intercept": 0.0,
        "calibration_intercept_low": -0.2,
        "calibration_intercept_high": 0.2,
        "calibration_slope": 0.9,
        "calibration_slope_low": 0.5,
        "calibration_slope_high": 1.3,
        "settings": {"penalty 1": 3},
        "seconds": 1.0,
    } | changes


NOTHING = {"auroc": 0.5, "auroc_low": None, "auroc_high": None, "calibration_slope": None}


def validated(chosen: str = "ridge", **changes: Any) -> dict[str, Any]:
    models = [
        row_of("prevalence", chosen=chosen == "prevalence", **NOTHING),
        row_of("one_predictor", auroc=0.65),
        row_of("ridge", chosen=chosen == "ridge", auroc=0.71),
        row_of("random_forest", chosen=chosen == "random_forest", auroc=0.74),
    ]
    content = {
        "models": models,
        "choice": {"named_beforehand": False, "by_rule": chosen},
        "plan": {"folds": 5, "repeats": 10},
        **made_validation.validation(),
    }
    return content | changes


def opened(name: str = "ridge", more: dict[str, Any] | None = None, **changes: Any) -> Source:
    changes = {"validation": validated(name)} | changes
    return source(name, findings=False, more=found(name) if more is None else more, **changes)


def part(section: Section, name: str) -> Section:
    (wanted,) = (one for one in section.parts if one.id == f"performance-{name}")
    return wanted


def figure(section: Section, name: str) -> Figure:
    return next(b for b in part(section, name).blocks if isinstance(b, Figure))


def said(section: Section, name: str) -> str:
    blocks = part(section, name).blocks
    lines = [item for b in blocks if isinstance(b, Listing) for item in b.items]
    return " ".join([*(b.text for b in blocks if isinstance(b, Paragraph)), *lines])


@pytest.fixture(scope="module")
def section() -> Section:
    return performance(opened())


def test_parts_have_the_names_that_others_link_to(section: Section) -> None:
    assert section.id == "performance"
    assert [one.id for one in section.parts] == [f"performance-{name}" for name in PARTS]
    ids = [table.id for table in tables_of([section])]
    assert len(ids) == len(set(ids))


def test_three_kinds_of_figures_stand_beside_each_other(section: Section) -> None:
    (table,) = (b for b in part(section, "figures").blocks if isinstance(b, Table))
    assert [column.key for column in table.columns] == [
        "label",
        "apparent",
        "cross_validated",
        "corrected",
        "by",
        "ideal",
    ]
    rows = {row["label"]: row for row in table.rows}
    assert rows["AUROC"]["apparent"] == 0.86
    assert (rows["AUROC"]["corrected_low"], rows["AUROC"]["corrected_high"]) == (0.55, 0.91)
    assert rows["Calibration slope"]["ideal"] == 1.0
    assert "Observed over expected events" in rows
    assert rows["Net benefit at 25%"]["corrected"] == 0.15


def test_a_flexible_model_is_corrected_row_by_row_with_what_does_not_flatter_it() -> None:
    forest = performance(opened("random_forest"))
    (table,) = (b for b in part(forest, "figures").blocks if isinstance(b, Table))
    assert {row["by"] for row in table.rows} <= {".632+", "cross-validated", None}
    assert "can reproduce its own cohort" in said(forest, "figures")
    linear = performance(opened("ridge"))
    (table,) = (b for b in part(linear, "figures").blocks if isinstance(b, Table))
    by = {row["name"]: row["by"] for row in table.rows}
    assert (by["auroc"], by["net_benefit_0.25"]) == (".632+", "Harrell")


def test_without_bootstrap_there_are_cross_validated_figures_only() -> None:
    made = performance(opened(validation=validated(bootstrap=None, with_choice=None)))
    (table,) = (b for b in part(made, "figures").blocks if isinstance(b, Table))
    assert table.rows[0]["label"] == "AUROC"
    assert table.rows[0]["cross_validated"] == 0.71
    assert "Nothing was corrected" in said(made, "figures")
    assert "does not hold" in said(made, "instability")


@pytest.mark.parametrize("name", ["ridge", "prevalence", "random_forest"])
def test_every_figure_can_be_drawn_and_is_told_in_words(name: str) -> None:
    made = performance(opened(name))
    figures = [b for one in made.parts for b in one.blocks if isinstance(b, Figure)]
    assert {f.kind for f in figures} >= {"roc", "calibration", "decision", "forest", "instability"}
    for one in figures:
        assert len(one.alternative) > 40
        assert "{" not in one.alternative + one.note
        assert "None" not in one.alternative + one.note
        assert pictures(one, one.id)


def test_the_roc_figure_says_the_areas_of_its_curves(section: Section) -> None:
    drawn = figure(section, "roc")
    assert {row["series"] for row in drawn.tables[0].rows} == {"apparent", "cross-validated"}
    assert drawn.options["auroc"]["cross-validated"] == "0.71 (0.52 to 0.85)"
    apparent: Any = [row for row in drawn.tables[0].rows if row["series"] == "apparent"]
    x = [row["false_positive_rate"] for row in apparent]
    y = [row["true_positive_rate"] for row in apparent]
    assert f"{np.trapezoid(y, x):.2f}" == drawn.options["auroc"]["apparent"]
    assert f"the apparent one of {100 * np.interp(0.2, x, y):.0f}%" in drawn.alternative


def test_the_calibration_figure_is_curve_and_histogram(section: Section) -> None:
    curve, bins = figure(section, "calibration").tables
    assert set(curve.rows[0]) == {"predicted", "observed", "low", "high"}
    assert set(bins.rows[0]) == {"low", "high", "events", "others"}
    middle: Any = curve.rows[len(curve.rows) // 2]
    assert f"Where {100 * middle['predicted']:.0f}% is predicted" in (
        figure(section, "calibration").alternative
    )


@pytest.mark.parametrize(
    ("away", "side"),
    [
        ([0.1] * 10, "above"),
        ([-0.1] * 10, "below"),
        ([0.01] * 10, "on"),
        ([0.1] * 5 + [-0.1] * 5, "both"),
        ([0.1] * 9 + [-0.1], "above"),
    ],
)
def test_on_which_side_of_the_diagonal(away: list[float], side: str) -> None:
    assert side_of([{"predicted": 0.5, "observed": 0.5 + gap} for gap in away]) == side


@pytest.mark.parametrize(
    ("slope", "rise"),
    [(-0.5, "falls"), (0.05, "flat"), (0.5, "slow"), (0.9, "even"), (1.3, "steep")],
)
def test_how_a_calibration_curve_rises(slope: float, rise: str) -> None:
    curve = [{"predicted": x, "observed": 0.3 + slope * (x - 0.3)} for x in (0.1, 0.2, 0.5)]
    assert rise_of(curve) == rise


def test_the_direction_of_a_calibration_curve_is_told(section: Section) -> None:
    curve = figure(section, "calibration").tables[0].rows
    said_of = figure(section, "calibration").alternative
    assert words.RISES[rise_of(curve)] in said_of


def test_thresholds_at_which_a_model_is_worth_something() -> None:
    rows = [
        {"threshold": t, "model": m, "treat_all": a}
        for t, m, a in [
            (0.1, 0.3, 0.3),
            (0.2, 0.25, 0.2),
            (0.3, 0.2, 0.1),
            (0.4, 0.0, -0.1),
            (0.5, 0.1, -0.3),
            (0.6, 0.0005, -0.5),
        ]
    ]
    assert better_between(rows) == [(0.2, 0.3), (0.5, 0.5)]
    assert better_between(rows[:1]) == []


def test_only_the_interval_of_a_difference_says_that_acting_on_the_model_is_better(
    section: Section,
) -> None:
    assert "interval of the difference" in figure(section, "decision").alternative
    rows = [
        {"threshold": t, "model": 0.2, "treat_all": 0.1, "difference_low": low}
        for t, low in [(0.1, -0.01), (0.2, 0.02), (0.3, 0.01), (0.4, 0.0)]
    ]
    assert shown_between(rows) == [(0.2, 0.3)]


def test_a_bundle_without_the_interval_of_the_difference_says_that_it_may_be_noise() -> None:
    more = found()
    for row in more["curves"]["decision"]:
        for end in ("", "_low", "_high"):
            row.pop(f"difference{end}")
    drawn = figure(performance(opened(more=more)), "decision")
    assert "may be noise" in drawn.alternative
    row: Any = drawn.tables[0].rows[9]
    assert row["difference"] == pytest.approx(row["model"] - max(row["treat_all"], 0.0))


def test_net_benefit_stands_beside_acting_in_everybody_and_the_prevalence() -> None:
    opened_source, share = opened(cohort={"patients": 200, "events": 50}), 0.25
    (table,) = (
        b for b in part(performance(opened_source), "figures").blocks if isinstance(b, Table)
    )
    rows = {row["label"]: row for row in table.rows}
    assert rows["Net benefit at 25%"]["ideal"] == pytest.approx(share)
    everybody = rows["Net benefit at 25% of acting in everybody"]
    assert everybody["apparent"] == pytest.approx(share - (1 - share) / 3)


def test_the_figure_of_the_signal_test_is_not_taken_for_that_of_the_tables(
    section: Section,
) -> None:
    assert words.SIGNAL_OBSERVED in said(section, "signal")
    (facts,) = (b for b in part(section, "signal").blocks if isinstance(b, Facts))
    assert facts.facts[1].value == "0.03 (0.01 to 0.06 with more permutations)"


def test_a_model_without_predictors_is_the_diagonal() -> None:
    made = performance(opened("prevalence"))
    assert "diagonal of chance" in figure(made, "roc").alternative
    assert "Everybody has the same probability" in figure(made, "calibration").alternative
    assert "0.5 by definition" in said(made, "figures")
    assert "repeats the prevalence in every resample" in said(made, "figures")
    assert not [b for b in part(made, "subgroups").blocks if isinstance(b, Figure)]


def test_candidates_stand_beside_both_baselines_and_the_chosen_one_is_named(
    section: Section,
) -> None:
    drawn = figure(section, "candidates")
    rows = drawn.tables[0].rows
    labels = [row["label"] for row in rows]
    assert labels == ["prevalence", "one predictor", "ridge (chosen)", "random forest"]
    assert (rows[2]["value"], rows[2]["low"], rows[2]["high"]) == (0.71, 0.6, 0.8)
    assert "largest AUROC has random forest, 0.74" in drawn.alternative
    assert "chosen by the rule" in said(section, "candidates")
    assert "60% of the resamples" not in said(section, "figures")


def test_a_choice_that_hangs_on_little_is_said_to(section: Section) -> None:
    # 0.0251 and 0.0245 read as equal with three digits.
    near = row_of("prevalence", log_loss_difference=0.0251, log_loss_difference_se=0.0245)
    assert (close_call([near]) or "").endswith("leaves it out by 2% of a standard error.")
    near["log_loss_difference"] = 0.0240
    assert (close_call([near]) or "").endswith("lets it take part by 2% of a standard error.")
    assert close_call([row_of("firth"), row_of("best", log_loss_difference_se=0.0)]) is None
    rows = figure(section, "candidates").tables[0].rows
    assert rows[0]["standard_errors"] == pytest.approx(0.5)


def test_a_model_named_beforehand_is_not_said_to_be_chosen() -> None:
    choice = {"named_beforehand": True, "by_rule": "prevalence"}
    made = performance(opened(validation=validated(choice=choice)))
    assert "would have taken prevalence" in said(made, "candidates")
    choice["by_rule"] = "ridge"
    made = performance(opened(validation=validated(choice=choice)))
    assert "would have taken the same" in said(made, "candidates")


def test_subgroups_are_drawn_in_groups_with_their_numbers(section: Section) -> None:
    rows = figure(section, "subgroups").tables[0].rows
    assert {row["group"] for row in rows} == {"Fever", "Organ"}
    assert "missing" not in figure(section, "subgroups").alternative
    for row in rows:
        if row["n"] is None:
            assert (row["value"], row["n_text"], row["events_text"]) == (None, "hidden", "hidden")
    values: Any = [row["value"] for row in rows if row["value"] is not None]
    assert f"from {min(values):.2f} in" in figure(section, "subgroups").alternative


def test_the_table_of_subgroups_names_its_intervals_and_what_a_dash_is(section: Section) -> None:
    note = figure(section, "subgroups").tables[0].note
    assert "influence curve" in note
    assert "on the log scale" in note
    assert "a dash stands where it has fewer and is not defined" in note


def test_a_cohort_without_states_has_no_subgroups() -> None:
    more = found() | {"subgroups": {"cell_size": 5, "rows": []}}
    assert "no subgroups" in said(performance(opened(more=more)), "subgroups")


def centres() -> dict[str, Any]:
    rows = []
    for centre, auroc in ((3, 0.7), (8, None)):
        row: dict[str, Any] = {"centre": centre, "masked": auroc is None}
        row |= {"n": 40 if auroc else None, "events": 15 if auroc else None}
        for name in ("auroc", "observed_expected", "calibration_slope"):
            row |= {name: auroc, f"{name}_low": auroc, f"{name}_high": auroc}
        rows.append(row)
    summaries = []
    for name, mean in (("auroc", 0.7), ("observed_expected", 1.2), ("calibration_slope", 0.9)):
        summary = {"figure": name, "centres": 2, "mean": mean, "low": mean - 0.1, "note": "Few."}
        summary |= {"high": mean + 0.1, "prediction_low": mean - 0.3, "tau2": 0.12, "i2": 0.4}
        summaries.append(summary | {"prediction_high": mean + 0.2})
    return {"centres": rows, "summaries": summaries, "sentence": "In words.", "notes": ["Note."]}


def test_centres_are_numbered_and_summarised() -> None:
    made = performance(opened(validation=validated(centres=centres())))
    drawn = figure(made, "centres")
    rows = drawn.tables[0].rows
    assert [row["label"] for row in rows][:2] == ["Centre 1", "Centre 2"]
    assert rows[1]["n_text"] == "hidden"
    assert (rows[3]["low"], rows[3]["high"]) == (0.7 - 0.3, 0.7 + 0.2)
    assert "2 centres, 1 of them shown. In words." in drawn.alternative
    assert pictures(drawn, "centres")


def test_old_bundles_say_of_centres_what_they_know() -> None:
    """Before tau-squared, and with a summary of the AUROC alone."""
    old = centres()
    old["summaries"] = [
        {k: v for k, v in old["summaries"][0].items() if k not in ("tau2", "i2", "note")}
    ]
    made = performance(opened(validation=validated(centres=old)))
    assert figure(made, "centres").tables[0].rows[2]["value"] == 0.7


def test_one_centre_says_that_nothing_is_known(section: Section) -> None:
    assert "names no centre" in said(section, "centres")


def test_instability_shows_bins_and_never_a_patient(section: Section) -> None:
    rows = figure(section, "instability").tables[0].rows
    assert all(int(row["patients"] or 0) >= 5 for row in rows)
    assert "percentage points wide" in figure(section, "instability").alternative


def test_few_refits_have_no_range() -> None:
    more = found()
    for row in more["instability"]["bins"]:
        row |= {"low": None, "high": None}
    made = performance(opened(more=more))
    assert "too few refits" in said(made, "instability")
    assert not [b for b in part(made, "instability").blocks if isinstance(b, Figure)]
    more["instability"]["bins"] = []
    assert "too small" in said(performance(opened(more=more)), "instability")


def test_the_test_for_signal_is_told_with_its_rule(section: Section) -> None:
    assert "Signal found" in said(section, "signal")
    assert "exchange the outcome" in said(section, "signal")
    assert "Bootstrap: 1000 of the 2000" in said(section, "signal")
    made = performance(opened(validation=validated(signal=None, notes=[])))
    assert "was not tested" in said(made, "signal")


def test_an_older_bundle_says_what_it_lacks() -> None:
    made = performance(opened(more={}))
    for name in ("roc", "calibration", "decision", "subgroups", "instability"):
        assert "does not hold" in said(made, name), name
    assert [b for b in part(made, "figures").blocks if isinstance(b, Table)]


def test_a_bundle_without_validation_has_every_part_all_the_same() -> None:
    made = performance(source("ridge", findings=False))
    assert [one.id for one in made.parts] == [f"performance-{name}" for name in PARTS]
    for name in PARTS:
        assert said(made, name)


def test_the_only_point_of_a_prevalence_can_be_seen() -> None:
    drawn = figure(performance(opened("prevalence")), "calibration")
    assert 'class="mark one"' in pictures(drawn, "calibration")
    assert 'class="mark one"' not in pictures(figure(performance(opened()), "calibration"), "c")


def test_the_area_of_a_bar_stands_for_its_patients(section: Section) -> None:
    drawn = figure(section, "calibration")
    bins: Any = drawn.tables[1].rows
    svg = str(pictures(drawn, "c")).split("</svg>")[0]
    sizes = re.findall(r'class="bar one" x="\S+" y="\S+" width="(\S+)" height="([\d.]+)"', svg)
    events = [row["events"] for row in bins if row["events"]]
    # The bars lie 1.5 apart.
    areas = [(float(width) + 1.5) * float(height) for width, height in sizes[: len(events)]]
    shares = [area / sum(areas) for area in areas]
    assert shares == pytest.approx([n / sum(events) for n in events], abs=0.005)
