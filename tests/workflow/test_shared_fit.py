"""A pooled fit by exchanged files against the same procedure on all rows together."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from exchanged_rounds import Played, play
from made_centres import STUDY, centre, write_study

from predictor import predict
from predictor.clinical.dictionary import load_dictionary
from predictor.errors import CohortError, ConfigError, PredictorError
from predictor.fitted.bundle import open_bundle
from predictor.fitted.preparation import Preparation
from predictor.learning.fold_rule import fold_by_rule
from predictor.learning.newton import newton_logistic
from predictor.learning.preparer import Preparer, column_of
from predictor.learning.shared_plan import left_outs
from predictor.performance.discrimination import auroc
from predictor.performance.scores import brier, log_loss, log_loss_per_patient
from predictor.report.shared_text import finished_text
from predictor.workflow.combine import next_round, start_fit
from predictor.workflow.exchange import ExchangeError, digest, write_sealed
from predictor.workflow.shared_answer import answer
from predictor.workflow.shared_round import read_round
from predictor.workflow.summarise import summarise
from predictor.workflow.update import update
from predictor.workflow.validate import validate

NAMES = ("ankara", "bern", "cork")
PENALTIES = (10.0, 1.0, 0.1)
COLUMNS = tuple(column_of(load_dictionary().variable(name)) for name in STUDY["predictors"])


def rows() -> dict[str, pd.DataFrame]:
    return {
        name: centre(480 + 60 * i, i, shift=0.3 * i, gap=0.02 * i) for i, name in enumerate(NAMES)
    }


@pytest.fixture(scope="module", params=["patients", "centres"])
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp(request.param)
    return play(write_study(folder), rows(), folder, request.param)


@pytest.fixture(scope="module")
def spread(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("spread")
    return play(write_study(folder), rows(), folder, "patients")


class Together:
    """All rows in one place, and the procedure on them, without any of what centres exchange."""

    def __init__(self, played: Played, by: str) -> None:
        tables = list(played.data.values())
        table = pd.concat(tables)
        sex = load_dictionary().variable("sex").states
        self.values = np.column_stack(
            [
                *(table[name].to_numpy(float) for name in ("c3", "platelets", "crp")),
                (table["fever"] == "yes").to_numpy(float),
                table["sex"].map(sex.index).to_numpy(float),
            ]
        )
        self.outcome = (table["response"] == "remission").to_numpy(np.int8)
        if by == "patients":
            parts = [
                fold_by_rule(11, name, np.arange(len(own)), 3) for name, own in played.data.items()
            ]
        else:
            parts = [np.full(len(own), k) for k, own in enumerate(tables)]
        self.fold = np.concatenate(parts)

    def fit(self, left_out: tuple[int, ...], penalty: float) -> tuple[Preparation, Any]:
        train = ~np.isin(self.fold, left_out)
        preparer = Preparer(COLUMNS, "mean", ("crp",)).fit(self.values[train])
        design = preparer.preparation_.apply(self.values[train])
        fit = newton_logistic(design, self.outcome[train], penalty=penalty).require_convergence()
        return preparer.preparation_, fit

    def probability(self, left_out: tuple[int, ...], penalty: float) -> Any:
        preparation, fit = self.fit(left_out, penalty)
        odds = fit.intercept + preparation.apply(self.values) @ fit.coefficients
        return 1.0 / (1.0 + np.exp(-odds))

    def losses(self) -> dict[tuple[tuple[int, ...], float, int], float]:
        found = {}
        for left_out in left_outs(3)[1:]:
            for penalty in PENALTIES:
                p = self.probability(left_out, penalty)
                for fold in left_out:
                    inside = self.fold == fold
                    each = log_loss_per_patient(self.outcome[inside], p[inside])
                    found[left_out, penalty, fold] = float(each.sum())
        return found


@pytest.fixture(scope="module")
def together(played: Played) -> Together:
    return Together(played, read_round(played.rounds[0]).by)


def test_coefficients_are_those_of_the_fit_to_all_rows(played: Played, together: Together) -> None:
    bundle = open_bundle(played.done.folder)
    preparation, fit = together.fit((), played.done.penalty)
    ours = bundle.preparation
    assert [c.name for c in ours.columns] == [c.name for c in preparation.columns]
    assert ours.fill == pytest.approx(preparation.fill, rel=1e-12)
    assert ours.centre == pytest.approx(preparation.centre, rel=1e-12)
    assert ours.scale == pytest.approx(preparation.scale, rel=1e-12)
    model: Any = bundle.model
    assert model.coefficients == pytest.approx(fit.coefficients, abs=1e-9)
    assert model.intercept == pytest.approx(fit.intercept, abs=1e-9)


def test_every_penalty_without_every_fold_has_the_same_log_loss(
    played: Played, together: Together
) -> None:
    before = read_round(played.rounds[-2])
    expected, last = together.losses(), played.last
    assert last.choice is not None
    for row in last.choice["losses"]:
        total = sum(expected[(k,), row["penalty"], k] for k in range(3))
        assert row["log_loss"] * len(together.outcome) == pytest.approx(total, abs=1e-6)
    for key, loss in before.losses.items():
        assert loss == pytest.approx(expected[key], abs=1e-3)  # one Newton step before the end


def test_the_penalty_is_the_one_that_all_rows_would_choose(
    played: Played, together: Together
) -> None:
    losses = together.losses()
    by_penalty = {one: sum(losses[(k,), one, k] for k in range(3)) for one in PENALTIES}
    assert played.done.penalty == min(by_penalty, key=lambda one: by_penalty[one])
    assert played.last.choice is not None
    for k, chosen in enumerate(played.last.choice["without_fold"]):
        others = [j for j in range(3) if j != k]
        nested = {
            one: sum(losses[tuple(sorted((j, k))), one, j] for j in others) for one in PENALTIES
        }
        assert chosen == min(nested, key=lambda one: nested[one])


def test_figures_are_those_of_a_cross_validation_of_all_rows(
    played: Played, together: Together
) -> None:
    choice, found = played.last.choice, played.done.found
    assert choice is not None
    p = np.empty(len(together.outcome))
    for k, penalty in enumerate(choice["without_fold"]):
        inside = together.fold == k
        p[inside] = together.probability((k,), penalty)[inside]
    assert found["log_loss"] == pytest.approx(log_loss(together.outcome, p), abs=1e-6)
    assert found["brier"] == pytest.approx(brier(together.outcome, p), abs=1e-6)
    ratio = together.outcome.sum() / p.sum()
    assert found["observed_expected"] == pytest.approx(ratio, abs=1e-6)
    sizes = np.cumsum([0, *(len(own) for own in played.data.values())])
    for i, row in enumerate(found["centres"]):
        own = slice(sizes[i], sizes[i + 1])
        y, q, fold = together.outcome[own], p[own], together.fold[own]
        areas = [auroc(y[fold == k], q[fold == k]) for k in np.unique(fold)]
        assert row["auroc"] == pytest.approx(np.mean(areas), abs=1e-6)


def test_where_a_further_centre_would_lie_is_told_by_centres_that_were_left_out(
    played: Played,
) -> None:
    """Folds of patients leave every centre in the training of what predicts it."""
    unseen = played.last.by == "centres"
    for row in played.done.found["summaries"]:
        assert row["mean"] is not None
        assert (row["prediction_low"] is not None) == unseen
        assert (row["prediction_high"] is not None) == unseen
        assert ("in the training of what predicted it" in row["note"]) != unseen
    text = " ".join(finished_text(played.done.to_dict()))
    assert ("say nothing of a further one" in text) != unseen
    report = (played.done.folder / "report.json").read_text("utf-8")
    assert ("A further centre (prediction interval)" in report) == unseen
    assert ("a further one may do worse" in report) != unseen


def test_about_eight_exchanges_suffice(played: Played) -> None:
    assert len(played.rounds) <= 9
    assert played.done.found["exchanges"] == len(played.rounds)


def test_the_bundle_answers_as_the_fit_to_all_rows_would(
    played: Played, together: Together
) -> None:
    table = pd.concat(played.data.values()).drop(columns="response").reset_index(drop=True)
    complete = table[table[["c3", "crp"]].notna().all(axis=1)].index
    answers = predict(table.loc[complete], played.done.folder).predictions
    expected = together.probability((), played.done.penalty)[complete]
    assert [a.probability for a in answers] == pytest.approx(expected, abs=1e-6)
    assert all(a.applicability is None and a.interval is None for a in answers)
    assert {w.code for a in answers for w in a.warnings} >= {"no_interval", "no_distance"}


def test_the_bundle_says_how_it_was_made(played: Played) -> None:
    manifest = open_bundle(played.done.folder).manifest
    assert manifest["evidence"]["level"] == "exploratory"
    assert "no row has left a centre" in manifest["evidence"]["statement"]
    assert manifest["federated"]["last_round"] == played.last.digest
    weight = manifest["explanation"]["importance"]
    assert [row["mean_absolute_shap"] for row in weight] == sorted(
        (row["mean_absolute_shap"] for row in weight), reverse=True
    )
    report = json.loads((played.done.folder / "report.json").read_text("utf-8"))
    assert "federated" in [section["id"] for section in report["sections"]]


def test_a_centre_that_took_part_validates_nothing(spread: Played, tmp_path: Path) -> None:
    assert spread.done.folder is not None
    for name, table in spread.data.items():
        with pytest.raises(CohortError, match="the patients that the model was made from"):
            validate(spread.done.folder, table, record=False)
        with pytest.raises(CohortError, match="the patients that the model was made from"):
            summarise(spread.done.folder, table, name=name)
    others = validate(spread.done.folder, centre(400, 9), record=False)
    assert others.found.evaluation.n == 400
    # Nor once the model was updated by others.
    updated = tmp_path / "updated"
    update(spread.done.folder, centre(400, 9), method="intercept", out=updated)
    with pytest.raises(CohortError, match="the patients that the model was made from"):
        validate(updated, spread.data["bern"], record=False)


def test_no_value_of_any_row_is_in_any_file(played: Played) -> None:
    """Numbers of many digits, written as Python and JSON write them, and all identifiers."""
    files = [*played.rounds, *(path for told in played.answers for path in told)]
    files += [path for path in played.done.folder.rglob("*") if path.is_file()]
    text = "\n".join(path.read_bytes().decode("utf-8", "replace") for path in files)
    table = pd.concat(played.data.values())
    for name in ("c3", "platelets", "crp"):
        for value in table[name].dropna():
            if value % 1 != 0:  # at a bound of the simulation many patients have the same
                assert repr(float(value)) not in text
    for patient in table["patient"]:
        assert patient not in text


def test_whoever_answers_again_answers_the_same(spread: Played) -> None:
    again = answer(spread.study, spread.data["bern"], spread.rounds[2], name="bern")
    assert again == json.loads(spread.answers[2][1].read_text("utf-8"))


Mend = Callable[[dict[str, Any]], None]


def changed(path: Path, to: Path, mend: Mend, *, seal: bool = True) -> Path:
    """A file somebody changed; with a digest that fits, if they know how to make one."""
    content = json.loads(path.read_text("utf-8"))
    mend(content)
    if seal:
        content["digest"] = digest({k: v for k, v in content.items() if k != "digest"})
    to.write_text(json.dumps(content), "utf-8")
    return to


class TestWhatDoesNotBelongTogether:
    def refused(self, spread: Played, tmp_path: Path, answers: list[Path], message: str) -> None:
        out = tmp_path / "next.json"
        with pytest.raises(ExchangeError, match=message):
            next_round(answers, spread.rounds[2], out)
        assert not out.exists()

    def test_a_missing_centre(self, spread: Played, tmp_path: Path) -> None:
        self.refused(spread, tmp_path, spread.answers[2][:2], "the answer of cork is missing")

    def test_an_answer_to_another_round(self, spread: Played, tmp_path: Path) -> None:
        mixed = [*spread.answers[2][:2], spread.answers[1][2]]
        self.refused(spread, tmp_path, mixed, "answers round 1, and the round given is 2")

    def test_the_same_answer_twice(self, spread: Played, tmp_path: Path) -> None:
        told = [*spread.answers[2], spread.answers[2][0]]
        self.refused(spread, tmp_path, told, "has the same name")

    def test_the_same_patients_under_two_names(self, spread: Played, tmp_path: Path) -> None:
        def renamed(content: dict[str, Any]) -> None:
            content["centre"]["name"] = "delft"

        twin = changed(spread.answers[0][0], tmp_path / "delft.json", renamed)
        with pytest.raises(ExchangeError, match="has the same patients"):
            next_round([spread.answers[0][0], twin], spread.rounds[0], tmp_path / "next.json")

    def test_a_changed_file(self, spread: Played, tmp_path: Path) -> None:
        def larger(content: dict[str, Any]) -> None:
            content["fits"][0]["derivatives"]["gradient"][0] += 1.0

        other = changed(spread.answers[2][0], tmp_path / "other.json", larger, seal=False)
        self.refused(spread, tmp_path, [other, *spread.answers[2][1:]], "changed after it was")

    def test_sums_that_are_no_numbers(self, spread: Played, tmp_path: Path) -> None:
        def broken(content: dict[str, Any]) -> None:
            content["fits"][0]["derivatives"]["gradient"] = ["x"]

        other = changed(spread.answers[2][0], tmp_path / "other.json", broken)
        self.refused(spread, tmp_path, [other, *spread.answers[2][1:]], "does not say what")

    def test_a_newer_format(self, spread: Played, tmp_path: Path) -> None:
        def newer(content: dict[str, Any]) -> None:
            content["format_version"] = 2

        other = changed(spread.answers[2][0], tmp_path / "other.json", newer)
        self.refused(spread, tmp_path, [other, *spread.answers[2][1:]], "newer format")

    def test_something_else(self, spread: Played, tmp_path: Path) -> None:
        other = tmp_path / "other.json"
        other.write_text("{}", "utf-8")
        self.refused(spread, tmp_path, [other], "no file that `predictor summarise`")
        self.refused(spread, tmp_path, [spread.rounds[2]], "of the kind `round of a pooled fit`")

    def test_an_answer_of_another_study(self, spread: Played, tmp_path: Path) -> None:
        other = write_study(tmp_path, validation={"inner_folds": 3, "seed": 12})
        with pytest.raises(ExchangeError, match="another study"):
            answer(other, spread.data["bern"], spread.rounds[2], name="bern")

    def test_a_centre_that_joins_late(self, spread: Played) -> None:
        with pytest.raises(ExchangeError, match="cannot join later"):
            answer(spread.study, centre(100, 9), spread.rounds[2], name="delft")

    def test_a_centre_whose_rows_have_changed(self, spread: Played) -> None:
        with pytest.raises(ExchangeError, match="for other patients"):
            answer(spread.study, spread.data["bern"].iloc[1:], spread.rounds[2], name="bern")

    def test_one_centre_alone(self, spread: Played, tmp_path: Path) -> None:
        with pytest.raises(ExchangeError, match="nothing to pool without another"):
            next_round(spread.answers[0][:1], spread.rounds[0], tmp_path / "next.json")

    def test_a_round_that_is_there_already_stays(self, spread: Played) -> None:
        before = spread.rounds[3].read_bytes()
        with pytest.raises(ExchangeError, match="there already"):
            next_round(spread.answers[2], spread.rounds[2], spread.rounds[3])
        assert spread.rounds[3].read_bytes() == before

    def test_a_folder_too_early_and_a_file_too_late(self, spread: Played, tmp_path: Path) -> None:
        with pytest.raises(PredictorError, match=r"--out round_3\.json"):
            next_round(spread.answers[2], spread.rounds[2], tmp_path / "bundle")
        with pytest.raises(PredictorError, match="Give a folder"):
            next_round(spread.answers[-1], spread.rounds[-1], tmp_path / "next.json")

    def test_a_centre_that_comes_back_loses_nothing(self, spread: Played, tmp_path: Path) -> None:
        out = tmp_path / "round_3.json"
        next_round(list(reversed(spread.answers[2])), spread.rounds[2], out)
        assert out.read_bytes() == spread.rounds[3].read_bytes()


class TestWhatCannotBePooled:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"preparation": {}}, r"a median cannot be had from sums.*imputation: mean"),
            ({"preparation": {"imputation": "iterative"}}, "a chained regression cannot"),
            ({"models": {"firth": {}}}, "ridge alone"),
            ({"models": {"ridge": {}, "firth": {}}}, "ridge alone"),
            ({"cohort": {"patient": "patient", "repeated_rows": True}}, "one row per patient"),
        ],
    )
    def test_is_told_by_name(self, changes: Any, message: str, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=message):
            start_fit(write_study(tmp_path, **changes), tmp_path / "round_0.json", "patients")
        assert not (tmp_path / "round_0.json").exists()


class TestDisclosure:
    @pytest.fixture
    def first(self, tmp_path: Path) -> tuple[Path, Path]:
        study = write_study(tmp_path)
        start_fit(study, tmp_path / "round_0.json", "patients")
        return study, tmp_path / "round_0.json"

    def test_few_events_in_a_fold(self, tmp_path: Path) -> None:
        study = write_study(
            tmp_path, predictors=["c3", "platelets"], preparation={"imputation": "mean"}
        )
        start_fit(study, tmp_path / "round_0.json", "patients")
        theirs = centre(150, 4)
        theirs["c3"] = theirs["c3"].fillna(80.0)
        theirs["response"] = ["remission"] * 14 + ["flare"] * 136
        with pytest.raises(CohortError, match=r"fold \d: too few events, fewer than the cell size"):
            answer(study, theirs, tmp_path / "round_0.json", name="few")

    def test_three_events(self, first: tuple[Path, Path]) -> None:
        theirs = centre(150, 4)
        theirs["response"] = ["remission"] * 3 + ["flare"] * 147
        with pytest.raises(CohortError, match=r"fewer than 5 patients \(privacy.cell_size\) have"):
            answer(first[0], theirs, first[1], name="three")

    def test_whole_centres_as_folds_need_fewer_patients(self, tmp_path: Path) -> None:
        study = write_study(tmp_path)
        theirs = centre(120, 4)
        start_fit(study, tmp_path / "round_0.json", "centres")
        answer(study, theirs, tmp_path / "round_0.json", name="small")
        start_fit(study, tmp_path / "by_patients.json", "patients")
        with pytest.raises(CohortError, match="whole centres"):
            answer(study, theirs, tmp_path / "by_patients.json", name="small")

    def test_a_state_that_is_rare_in_a_fold_alone(self, first: tuple[Path, Path]) -> None:
        """Everybody less those without the fold is the fold."""
        theirs = centre(600, 5)
        fold = fold_by_rule(11, "rare", np.arange(600), 3)
        theirs.loc[fold == 0, "sex"] = "female"
        answer(first[0], theirs, first[1], name="rare")
        theirs.loc[np.flatnonzero(fold == 0)[:2], "sex"] = "male"
        with pytest.raises(CohortError, match="sex: a state occurs in few patients"):
            answer(first[0], theirs, first[1], name="rare")

    def test_a_state_that_tells_the_outcome(self, first: tuple[Path, Path]) -> None:
        """The first gradient tells how many patients of a state have the event."""
        theirs = centre(600, 5)
        theirs.loc[theirs["sex"] == "male", "response"] = "remission"
        with pytest.raises(CohortError, match=r"sex: .* few of those with the event or without it"):
            answer(first[0], theirs, first[1], name="telling")

    def test_a_rare_state(self, first: tuple[Path, Path]) -> None:
        theirs = centre(150, 5)
        theirs["sex"] = "female"
        theirs.loc[3, "sex"] = "male"
        with pytest.raises(CohortError, match="sex: a state occurs in few patients"):
            answer(first[0], theirs, first[1], name="rare")

    @pytest.mark.parametrize("name", ["platelets", "fever", "sex"])
    def test_few_gaps_of_any_predictor(self, name: str, first: tuple[Path, Path]) -> None:
        """Fits without different folds fill them differently, which tells their outcomes."""
        theirs = centre(600, 5)
        theirs[name] = theirs[name].astype(object)
        theirs.loc[[3, 70], name] = None
        with pytest.raises(CohortError, match=f"{name}: a value is missing in few patients"):
            answer(first[0], theirs, first[1], name="gaps")
        answer(first[0], theirs.drop(index=[3, 70]), first[1], name="gaps")

    def test_few_known_values(self, first: tuple[Path, Path]) -> None:
        theirs = centre(150, 5)
        theirs.loc[theirs.index[2:], "c3"] = math.nan
        with pytest.raises(CohortError, match="c3: few patients have a value of it"):
            answer(first[0], theirs, first[1], name="gaps")

    def test_coefficients_that_single_out_patients(self, spread: Played, tmp_path: Path) -> None:
        """Log-odds of hundreds leave a gradient to the few patients whom they get wrong."""

        def extreme(content: dict[str, Any]) -> None:
            fit = content["fits"][0]
            fit["position"][1] = 1000.0
            fit["position"][0] = -2500.0

        asked = changed(spread.rounds[2], tmp_path / "asked.json", extreme)
        with pytest.raises(CohortError, match="rest on fewer than 5 patients of a fold"):
            answer(spread.study, spread.data["bern"], asked, name="bern")

    def test_coefficients_that_single_out_patients_of_a_fold_that_is_left_out(
        self, spread: Played, tmp_path: Path
    ) -> None:
        """The others hide each other; the log loss of the fold would be that of one patient."""
        rows = spread.data["bern"].copy()
        fold = fold_by_rule(11, "bern", np.arange(len(rows)), 3)
        column = next(
            k for k, c in enumerate(spread.last.preparations[()].columns) if c.name == "platelets"
        )

        def extreme(content: dict[str, Any]) -> None:
            for fit in content["fits"]:
                if fit["left_out"] == [0]:
                    fit["position"] = [0.0] * len(fit["position"])
                    fit["position"][column + 1] = 1000.0

        rows.loc[fold != 0, "platelets"] = 200.0
        asked = changed(spread.rounds[2], tmp_path / "asked.json", extreme)
        content = json.loads(asked.read_text("utf-8"))
        digest_of_rows = answer(spread.study, rows, spread.rounds[0], name="bern")["centre"]
        assert content["centres"][1]["name"] == "bern"

        def other_rows(content: dict[str, Any]) -> None:
            content["centres"][1] = digest_of_rows

        asked = changed(asked, asked, other_rows)
        with pytest.raises(CohortError, match=r"without fold 0.*rest on fewer than 5"):
            answer(spread.study, rows, asked, name="bern")

    def test_figures_at_coefficients_that_single_out_patients(
        self, spread: Played, tmp_path: Path
    ) -> None:
        """The log loss of all would be that of those whom the coefficients get wrong."""

        def extreme(content: dict[str, Any]) -> None:
            for fit in content["fits"]:
                fit["position"][1] = 1000.0
                fit["position"][0] = -2500.0

        asked = changed(spread.rounds[-1], tmp_path / "asked.json", extreme)
        with pytest.raises(CohortError, match=r"\(figures\) the sums would rest on fewer than 5"):
            answer(spread.study, spread.data["bern"], asked, name="bern")

    def test_more_columns_than_patients(self, tmp_path: Path) -> None:
        names = [n for n, v in load_dictionary().variables.items() if _number(v)][:16]
        study = write_study(
            tmp_path, predictors=names, baseline=names[0], preparation={"imputation": "mean"}
        )
        start_fit(study, tmp_path / "round_0.json", "centres")
        n = len(names)
        assert n > 13
        rng = np.random.default_rng(1)
        theirs = pd.DataFrame({"response": np.where(np.arange(n) < 8, "remission", "flare")})
        theirs["patient"] = [f"P{i}" for i in range(n)]
        for name in names:
            ends = load_dictionary().variable(name).plausible
            assert ends is not None
            assert ends.low is not None
            assert ends.high is not None
            theirs[name] = np.round(rng.uniform(ends.low, ends.high, n))
        with pytest.raises(CohortError, match=f"{n} patients and {n} columns"):
            answer(study, theirs, tmp_path / "round_0.json", name="wide")


def _number(variable: Any) -> bool:
    ends = variable.plausible
    return (
        variable.kind == "continuous"
        and variable.time == "baseline"
        and ends is not None
        and ends.low is not None
        and ends.high is not None
        and ends.high - ends.low > 20
    )


def test_a_centre_whose_patients_are_all_alike_in_a_predictor_takes_part(tmp_path: Path) -> None:
    """A hospital for women, and one that measures no CRP: the fit is that of all rows."""
    data = {"ankara": centre(160, 1), "bern": centre(170, 2, shift=0.3)}
    data["ankara"]["sex"] = "female"
    data["bern"]["crp"] = math.nan
    study = write_study(
        tmp_path, preparation={"imputation": "mean"}, models={"ridge": {"penalty": [1.0]}}
    )
    played = play(study, data, tmp_path, "centres")
    table = pd.concat(data.values())
    sex = load_dictionary().variable("sex").states
    values = np.column_stack(
        [
            *(table[name].to_numpy(float) for name in ("c3", "platelets", "crp")),
            (table["fever"] == "yes").to_numpy(float),
            table["sex"].map(sex.index).to_numpy(float),
        ]
    )
    preparation = Preparer(COLUMNS, "mean", ()).fit(values).preparation_
    outcome = (table["response"] == "remission").to_numpy(np.int8)
    fit = newton_logistic(preparation.apply(values), outcome, penalty=1.0)
    model: Any = open_bundle(played.done.folder).model
    assert model.coefficients == pytest.approx(fit.coefficients, abs=1e-9)
    assert model.intercept == pytest.approx(fit.intercept, abs=1e-9)


def test_a_damaged_round_is_told(spread: Played, tmp_path: Path) -> None:
    def halved(content: dict[str, Any]) -> None:
        content["fits"][0]["position"] = content["fits"][0]["position"][:2]

    asked = changed(spread.rounds[2], tmp_path / "asked.json", halved)
    with pytest.raises(ExchangeError, match="do not fit together"):
        answer(spread.study, spread.data["bern"], asked, name="bern")
    copy = tmp_path / "copy.json"
    shutil.copy(spread.rounds[2], copy)
    copy.write_bytes(copy.read_bytes()[:-100])
    with pytest.raises(ExchangeError):
        answer(spread.study, spread.data["bern"], copy, name="bern")


def test_a_centre_needs_a_name_that_fits_in_a_file(spread: Played) -> None:
    with pytest.raises(PredictorError, match="--name NAME"):
        answer(spread.study, spread.data["bern"], spread.rounds[0])
    with pytest.raises(PredictorError, match="--name NAME"):
        answer(spread.study, spread.data["bern"], spread.rounds[0], name="../bern")


def test_a_missing_predictor_is_told_as_in_training(spread: Played) -> None:
    with pytest.raises(CohortError, match="no such column"):
        answer(spread.study, spread.data["bern"].drop(columns="c3"), spread.rounds[0], name="bern")


def test_all_is_written_whole(tmp_path: Path) -> None:
    write_sealed(tmp_path / "a.json", {"kind": "x"})
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
