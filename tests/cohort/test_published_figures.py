"""The stored figures against the paper's rows, arithmetic and the script that made the rest."""

from __future__ import annotations

import csv
import subprocess
import sys
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from predictor.clinical.dictionary import load_dictionary
from predictor.cohort.published_figures import borrowed_correlations, published_figures
from predictor.cohort.published_latent import (
    bend,
    correlations_bent,
    draw_scores,
    finding_shares,
)
from predictor.cohort.published_marginals import exact_values, marginal
from predictor.documents import load_yaml

FIGURES = published_figures()


@pytest.fixture(scope="module")
def stored(root: Path) -> dict[str, Any]:
    data = load_yaml(root / "predictor" / "cohort" / "published_cohort.yaml").data
    assert isinstance(data, dict)
    return data


def percent_of(n: int, patients: int = 31) -> str:
    return str((Decimal(100 * n) / patients).quantize(Decimal("0.1"), ROUND_HALF_UP))


def test_every_variable_is_in_the_dictionary() -> None:
    dictionary = load_dictionary()
    names = [*FIGURES.measurements, *FIGURES.findings, *FIGURES.counted]
    assert all(name in dictionary for name in names)
    assert set(FIGURES.indication) == set(dictionary.variable("indication").states)
    assert set(FIGURES.response) == set(dictionary.variable("response").states)


def test_outcomes_and_indications_add_up_to_the_patients() -> None:
    assert sum(FIGURES.response.values()) == sum(FIGURES.indication.values()) == 31


def test_lost_and_gained_lead_from_before_to_after() -> None:
    for finding in FIGURES.findings.values():
        assert finding.before - finding.lost + finding.gained == finding.after


def test_a_percentage_has_a_reason_exactly_where_it_is_not_of_31(stored: dict[str, Any]) -> None:
    for kind in ("counted", "response", "indication"):
        for name, entry in stored[kind].items():
            right = percent_of(entry["n"]) == entry["percent"]
            assert right == ("why_not" not in entry), name
    for name, entry in stored["findings"].items():
        right = all(percent_of(entry[t][0]) == entry[t][1] for t in ("before", "after"))
        assert right == ("why_not_percent" not in entry), name


def test_printed_percentages_and_p_are_the_paper_s(stored: dict[str, Any], shared: Path) -> None:
    with (shared / "paper" / "rows_binary.csv").open(encoding="utf-8") as stream:
        for row, entry in zip(csv.DictReader(stream), stored["findings"].values(), strict=True):
            assert entry["row"] == row["row"]
            assert entry["table"] == int(row["table"][1:])
            assert entry["before"] == [int(row["before_n"]), row["before_pct"]]
            assert entry["after"] == [int(row["after_n"]), row["after_pct"]]
            assert entry["p"] == row["printed_p"]
            assert ("why_not" not in entry) == (row["verdict"] == "exact")


def test_the_correlations_are_those_the_script_makes(root: Path, shared: Path) -> None:
    script = root / "tests" / "provenance" / "make_published_correlations.py"
    visits = shared / "data" / "gse65391_visits.csv"
    made = subprocess.run(
        [sys.executable, str(script), str(visits)], capture_output=True, text=True, check=True
    ).stdout
    stored = (root / "predictor" / "cohort" / "published_correlations.yaml").read_text("utf-8")
    assert made == stored


def test_borrowed_correlations_are_bent_little_to_hold_together() -> None:
    assert all(-1 < r < 1 for r in borrowed_correlations().values())
    assert correlations_bent() < 0.25


def test_scores_are_standard_normal_with_the_borrowed_correlations() -> None:
    scores = draw_scores(np.random.default_rng(1), 200_000, ("c3", "c4", "fatigue"))
    assert all(abs(s.mean()) < 0.01 and abs(s.std() - 1) < 0.01 for s in scores.values())
    assert np.corrcoef(scores["c3"], scores["c4"])[0, 1] == pytest.approx(0.80, abs=0.1)
    assert abs(np.corrcoef(scores["c3"], scores["fatigue"])[0, 1]) < 0.01


def test_a_bend_leaves_the_distribution_of_all_patients_as_it_is() -> None:
    shares = np.array(list(FIGURES.indication.values())) / 31
    for profile in FIGURES.profiles:
        bent = bend(profile.variable)
        assert bent is not None
        assert shares @ bent.cumulative == pytest.approx(bent.breaks)
        assert (np.diff(bent.cumulative, axis=1) >= 0).all()
    assert bend("c3") is None


def test_shares_of_a_finding_by_indication_average_to_the_printed_one() -> None:
    shares = np.array(list(FIGURES.indication.values())) / 31
    for name, finding in FIGURES.findings.items():
        assert shares @ finding_shares(name) == pytest.approx(finding.before / 31)
        assert ((finding_shares(name) > 0) & (finding_shares(name) <= 1)).all()


def test_a_distribution_has_the_printed_mean_and_sd_by_integration() -> None:
    probabilities = (np.arange(400_000) + 0.5) / 400_000
    for row in FIGURES.measurements.values():
        for moments in filter(None, (row.before, row.after)):
            values = marginal(moments).quantile(probabilities)
            if moments.statistic == "mean":
                assert values.mean() == pytest.approx(moments.centre, rel=2e-3), row.name
                assert values.std() == pytest.approx(moments.spread, rel=5e-3), row.name
            assert moments.low < values.min()
            assert values.max() <= moments.high


def test_a_probability_undoes_a_quantile() -> None:
    distribution = marginal(FIGURES.laboratory["platelets"].before)
    for p in (0.05, 0.5, 0.9):
        value = float(distribution.quantile(np.array([p]))[0])
        assert distribution.probability(value) == pytest.approx(p, abs=0.01)
    assert distribution.probability(-1) == 0


@pytest.mark.parametrize("patients", [31, 15, 60])
def test_exact_values_print_as_asked_for_other_numbers_too(patients: int) -> None:
    for name in ("c3", "proteinuria", "creatinine"):
        moments = FIGURES.laboratory[name].before
        values = exact_values(moments, patients, np.random.default_rng(5))
        assert len(values) == patients
        assert abs(values.mean() - moments.centre) < 0.05
        assert abs(values.std(ddof=1) - moments.spread) < 0.05
        assert np.allclose(values / moments.step, np.rint(values / moments.step))
