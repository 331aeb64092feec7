"""Patients of any number: the printed figures in expectation, rules without exception, files."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy import stats

from predictor.cohort import published, published_writing
from predictor.cohort.published import simulate, simulate_chunks, write_cohort
from predictor.cohort.published_exchange import exchange, steer
from predictor.cohort.published_figures import borrowed_correlations, published_figures
from predictor.cohort.published_roots import root_between, root_of_two
from predictor.cohort.reading import read_table
from predictor.config import CohortSource
from predictor.errors import CohortError
from predictor.performance.discrimination import auroc

LARGE = 100_000
Z = 4.5  # some 130 comparisons: all within it but once in a thousand seeds
FIGURES = published_figures()


@pytest.fixture(scope="module")
def large() -> dict[str, np.ndarray]:
    return dict(simulate(LARGE, seed=11, scenario="literature").columns)


@pytest.fixture(scope="module")
def independent() -> dict[str, np.ndarray]:
    return dict(simulate(LARGE, seed=12, scenario="none").columns)


def error_of_sd(values: np.ndarray) -> float:
    kurtosis = ((values - values.mean()) ** 4).mean() / values.var() ** 2
    return values.std() * math.sqrt((kurtosis - 1) / (4 * len(values)))


def test_means_and_sds_are_the_printed_ones_within_monte_carlo_error(
    large: dict[str, np.ndarray],
) -> None:
    for name, row in FIGURES.measurements.items():
        for column, moments in ((name, row.before), (f"{name}_after", row.after)):
            if moments is None or moments.statistic != "mean":
                continue
            values = large[column]
            error = values.std() / math.sqrt(LARGE)
            # An age at onset is rounded, so its SD is approximate by design: half a digit printed.
            slack = 0.05 if name == "age_at_onset" else 0.0
            assert abs(values.mean() - moments.centre) < Z * error + slack, column
            assert abs(values.std() - moments.spread) < Z * error_of_sd(values) + slack, column


def test_medians_and_quartiles_are_the_printed_ones_to_a_step(
    large: dict[str, np.ndarray],
) -> None:
    for name, row in FIGURES.laboratory.items():
        for column, moments in ((name, row.before), (f"{name}_after", row.after)):
            if moments is not None and moments.statistic == "median":
                low, middle, high = np.percentile(large[column], [25, 50, 75])
                assert middle == moments.centre
                assert abs(high - low - moments.spread) <= 1, column


def test_shares_are_the_printed_ones_within_monte_carlo_error(
    large: dict[str, np.ndarray],
) -> None:
    shares = {
        **{(name, 1): finding.before for name, finding in FIGURES.findings.items()},
        **{(f"{name}_after", 1): f.after for name, f in FIGURES.findings.items()},
        **{
            (name, count.state if count.state != "yes" else 1): count.n
            for name, count in FIGURES.counted.items()
        },
        **{("indication", state): n for state, n in FIGURES.indication.items()},
        **{("response", state): n for state, n in FIGURES.response.items()},
    }
    for (column, state), n in shares.items():
        share = n / 31
        error = math.sqrt(share * (1 - share) / LARGE)
        assert abs((large[column] == state).mean() - share) < Z * error, (column, state)


def test_what_was_lost_and_gained_is_as_printed(large: dict[str, np.ndarray]) -> None:
    for name, finding in FIGURES.findings.items():
        before, after = large[name] == 1, large[f"{name}_after"] == 1
        for share, n in ((before & ~after, finding.lost), (~before & after, finding.gained)):
            expected = n / 31
            error = math.sqrt(max(expected * (1 - expected), 1e-12) / LARGE)
            assert abs(share.mean() - expected) <= Z * error, name


def test_correlations_before_and_after_are_the_assumed_ones(large: dict[str, np.ndarray]) -> None:
    weakened = {"proteinuria", "platelets", "wbc"}  # remission excludes some values
    for name, row in FIGURES.laboratory.items():
        r = np.corrcoef(large[name], large[f"{name}_after"])[0, 1]
        slack = 0.15 if name in weakened else 0.04
        assert abs(r - row.correlation) < slack, name


def test_borrowed_correlations_arrive_in_the_patients(large: dict[str, np.ndarray]) -> None:
    # Bending by the indication and the nearest possible matrix move each a little.
    for pair in (("c3", "c4"), ("wbc", "neutrophils"), ("c3", "anti_dsdna"), ("alt", "ast")):
        rho = stats.spearmanr(large[pair[0]], large[pair[1]]).statistic
        assert abs(2 * math.sin(math.pi * rho / 6) - borrowed_correlations()[pair]) < 0.15, pair


def test_no_patient_breaks_a_rule(large: dict[str, np.ndarray]) -> None:
    assert (large["age_at_onset"] < large["age"]).all()
    assert (large["neutrophils"] <= 0.95 * large["wbc"] + 1e-9).all()
    assert (large["neutrophils_after"] <= 0.95 * large["wbc_after"] + 1e-9).all()
    few = np.isin(large["indication"], ["thrombocytopenia", "pancytopenia"])
    assert large["platelets"][few].max() < 100
    assert large["neutrophils"][large["indication"] == "neutropenia"].max() < 2
    remission = large["remission"] == 1
    assert large["proteinuria_after"][remission].max() <= 500
    for name in FIGURES.absent_in_remission:
        assert not large[f"{name}_after"][remission].any(), name
    assert (large["response"][large["died"] == 1] == "flare").all()
    for name, row in FIGURES.laboratory.items():
        assert large[name].min() > row.before.low
        assert large[name].max() <= row.before.high


def test_without_effects_nothing_before_treatment_tells_the_outcome(
    independent: dict[str, np.ndarray],
) -> None:
    names = [*FIGURES.laboratory, *FIGURES.findings, "age", "age_at_onset", "disease_duration"]
    for outcome in ("remission", "relapse"):
        event = independent[outcome].astype(float)
        events, others = event.sum(), LARGE - event.sum()
        error = math.sqrt((LARGE + 1) / (12 * events * others))
        for name in names:
            area = auroc(event, independent[name].astype(float))
            # Ulcers gave way: 16 of 31 have them afterwards, none in remission.
            slack = 0.05 if name == "oral_ulcers" else 0.0
            assert abs(area - 0.5) < Z * error + slack, (outcome, name)


def test_a_scenario_that_yields_to_consistency_is_said_to() -> None:
    said = "\n".join(simulate(10, seed=1, scenario="none").gave_way)
    assert "oral_ulcers before treatment moved from patients in remission" in said


def test_without_effects_31_patients_show_none_on_average() -> None:
    areas = []
    for seed in range(100):
        columns = simulate(31, seed=seed, scenario="none").columns
        event = columns["remission"].astype(float)
        areas.append([auroc(event, columns[n].astype(float)) for n in ("c3", "crp", "platelets")])
    means = np.mean(areas, axis=0)
    errors = np.std(areas, axis=0, ddof=1) / math.sqrt(len(areas))
    assert (np.abs(means - 0.5) < 3.5 * errors).all()


@pytest.mark.slow
def test_without_effects_no_model_s_cross_validated_auroc_differs_from_one_half() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    names = ["anti_dsdna", "c3", "c4", "crp", "platelets", "proteinuria"]
    for outcome in ("remission", "relapse"):
        found = []
        for seed in range(50):
            columns = simulate(31, seed=seed, scenario="none").columns
            event = columns[outcome].astype(int)
            values = np.column_stack([columns[name] for name in names])
            areas = []
            for repeat in range(10):
                for train, test in StratifiedKFold(3, shuffle=True, random_state=repeat).split(
                    values, event
                ):
                    model = make_pipeline(StandardScaler(), LogisticRegression())
                    score = model.fit(values[train], event[train]).decision_function(values[test])
                    areas.append(auroc(event[test].astype(float), score))
            found.append(np.mean(areas))
        error = np.std(found, ddof=1) / math.sqrt(50)
        assert abs(np.mean(found) - 0.5) < 3 * error, outcome


@pytest.mark.parametrize("patients", [3, 4, 10, 30, 32, 200])
def test_any_number_from_three_on_holds_three_outcomes(patients: int) -> None:
    for seed in range(5):
        columns = simulate(patients, seed=seed).columns
        assert {len(cells) for cells in columns.values()} == {patients}
        assert len(set(columns["response"])) == 3
        assert (columns["neutrophils"] < columns["wbc"]).all()
        assert not columns["oral_ulcers_after"][columns["remission"] == 1].any()


@pytest.mark.parametrize("patients", [-1, 0, 1, 2])
def test_too_few_patients_for_three_outcomes_are_refused(patients: int, tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="cannot hold three outcomes"):
        simulate(patients, seed=1)
    with pytest.raises(CohortError, match="cannot hold three outcomes"):
        simulate_chunks(patients, seed=1)
    with pytest.raises(CohortError, match="cannot hold three outcomes"):
        write_cohort(tmp_path / "c.csv", patients=patients, seed=1)
    assert not list(tmp_path.iterdir())


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(CohortError, match="must not be negative"):
        simulate(31, seed=-1)


def test_a_large_cohort_begins_its_last_block_as_any_other() -> None:
    # 50,001 patients: the last block holds one, who need not show three outcomes.
    *_, last = simulate_chunks(published.BLOCK + 1, seed=4)
    assert len(last["patient"]) == 1


def test_blocks_are_the_cohort_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "BLOCK", 400)
    whole = simulate(1000, seed=4).columns
    pieces = list(simulate_chunks(1000, seed=4))
    assert [len(piece["patient"]) for piece in pieces] == [400, 400, 200]
    for name, cells in whole.items():
        assert (np.concatenate([piece[name] for piece in pieces]) == cells).all()
    assert len(set(whole["patient"])) == 1000
    assert whole["patient"][0] == "S0001"


@pytest.mark.parametrize("patients", [31, 500])
def test_csv_and_parquet_hold_the_same_cohort_as_memory(patients: int, tmp_path: Path) -> None:
    cohort = simulate(patients, seed=2)
    for suffix in ("csv", "parquet"):
        path = tmp_path / f"cohort.{suffix}"
        written = write_cohort(path, patients=patients, seed=2)
        assert written.gave_way == cohort.gave_way
        table = read_table(path, CohortSource(file=str(path)))
        assert list(table.columns) == list(cohort.columns)
        for name, cells in cohort.columns.items():
            if cells.dtype == object:
                assert list(table.columns[name]) == list(cells)
            else:
                assert np.array_equal(np.array(table.columns[name], dtype=float), cells)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cohort.csv", "cohort.parquet"]
    assert set(pq.read_table(tmp_path / "cohort.parquet")["simulated"].to_pylist()) == {1}


def test_a_file_of_another_kind_or_an_unwritable_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match=r"not written as \.xlsx"):
        write_cohort(tmp_path / "cohort.xlsx", patients=31, seed=1)
    with pytest.raises(CohortError, match="No such file or directory"):
        write_cohort(tmp_path / "nowhere" / "cohort.csv", patients=31, seed=1)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(CohortError, match="this is a folder"):
        write_cohort(tmp_path / "folder.csv", patients=31, seed=1)
    assert [p.name for p in tmp_path.iterdir()] == ["folder.csv"]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_failure_halfway_leaves_the_old_file_and_nothing_else(
    suffix: str, tmp_path: Path
) -> None:
    path = tmp_path / f"cohort.{suffix}"
    path.write_text("old")

    def blocks() -> Iterator[dict[str, np.ndarray]]:
        yield {"a": np.arange(3)}
        raise OSError(28, "No space left on device")

    with pytest.raises(CohortError, match="No space left on device"):
        published_writing.write_columns(path, blocks)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_an_exchange_keeps_the_values_and_meets_the_rule() -> None:
    rng = np.random.default_rng(1)
    part, whole = rng.uniform(0, 2, 300), rng.uniform(1, 3, 300)

    def smaller(patients: np.ndarray, values: np.ndarray) -> np.ndarray:
        return values < whole[patients]

    order = exchange(rng, part, smaller)
    assert (part[order] < whole).all()
    assert np.array_equal(np.sort(order), np.arange(300))


@pytest.mark.parametrize("goal", [-0.7, 0.0, 0.36, 0.9])
def test_steering_reaches_a_correlation_without_new_values(goal: float) -> None:
    rng = np.random.default_rng(3)
    before, after = rng.normal(size=31), rng.normal(size=31)
    moved = steer(before, after, goal, 0.005, lambda p, _: np.ones(len(p), dtype=bool))
    assert abs(np.corrcoef(before, moved)[0, 1] - goal) <= 0.02
    assert np.array_equal(np.sort(moved), np.sort(after))


def test_roots_are_found_and_a_missing_one_is_said() -> None:
    assert root_between(math.cos, 0.0, 3.0) == pytest.approx(math.pi / 2)
    with pytest.raises(ArithmeticError, match="same sign"):
        root_between(math.exp, 0.0, 1.0)
    found = root_of_two(lambda p: np.array([p[0] ** 2 + p[1] - 3, p[0] - p[1] + 1]), np.ones(2))
    assert found == pytest.approx([1, 2])
    with pytest.raises(ArithmeticError, match="not solved"):
        root_of_two(lambda p: np.array([p[0] ** 2 + 1, p[1]]), np.array([0.5, 0.5]))
