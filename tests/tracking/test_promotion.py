"""Challengers of a champion: judged, registered, moved by one at a time, in a SQLite registry."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from made_validation import validation

from predictor.cli import app
from predictor.errors import BundleError, TrackingError
from predictor.tracking import aliases
from predictor.tracking.aliases import PromotionError, alias_version, move_alias
from predictor.tracking.client import session
from predictor.tracking.registry import forget
from predictor.tracking.sent import read_tracking
from predictor.workflow import promote as workflow
from predictor.workflow.promote import Promotion, promote

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _own_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREDICTOR_CACHE", str(tmp_path / "copies"))
    forget()


@pytest.fixture
def contender(make_bundle: Callable[..., Path]) -> Callable[..., Path]:
    """A bundle whose chosen model has a loss; the ridge with 0.60 is among its candidates."""

    def make(name: str, loss: float, error: float = 0.01, **changes: Any) -> Path:
        rows = [
            ("prevalence", 0.65, 0.65 - loss, 0.05, False),
            ("ridge", 0.60, 0.60 - loss, error, loss == 0.60),
            *([] if loss == 0.60 else [("forest", loss, 0.0, 0.0, True)]),
        ]
        models = [
            {
                "name": model,
                "chosen": chosen,
                "auroc": 0.7,
                "log_loss": value,
                "log_loss_difference": difference,
                "log_loss_difference_se": 0.0 if difference == 0.0 else se,
            }
            for model, value, difference, se, chosen in rows
        ]
        created = f"2026-01-01T00:00:00+00:00 {name}"  # so that no two are one bundle
        entries = {"validation": {"models": models, **validation()}, "created": created}
        return make_bundle(name, **(entries | changes))

    return make


@pytest.fixture
def champion(contender: Callable[..., Path], store: str) -> Path:
    """Version 1 of ``remission``, with a log loss of 0.60."""
    folder = contender("champion", 0.60)
    promote(folder, "remission", uri=store)
    return folder


def _client(store: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=store)


def _champion(store: str) -> str | None:
    with session(store) as client:
        return alias_version(client, "remission", "champion")


def _tags(store: str, version: str) -> dict[str, str]:
    return dict(_client(store).get_model_version("remission", version).tags)


def test_the_first_becomes_champion_and_is_sent_on_the_way(
    contender: Callable[..., Path], store: str
) -> None:
    folder = contender("first", 0.60)
    done = promote(folder, "remission", uri=store)
    assert (done.version, done.before, done.promoted) == ("1", None, True)
    assert read_tracking(folder) is not None
    assert _champion(store) == "1"


def test_a_better_challenger_becomes_champion_and_the_registry_says_why(
    champion: Path, contender: Callable[..., Path], store: str
) -> None:
    done = promote(contender("better", 0.55), "remission", uri=store)
    assert (done.version, done.before, done.promoted) == ("2", "1", True)
    assert _champion(store) == "2"
    tags = _tags(store, "2")
    assert tags["predictor.judgement"] == (
        "Cross-validated log loss 0.55 against 0.6 of version 1: smaller by 0.05, and the standard "
        "error of this difference is 0.01 (paired)."
    )
    assert "instead of version 1" in tags["predictor.champion"]


@pytest.mark.parametrize(("loss", "error"), [(0.595, 0.01), (0.61, 0.01), (0.55, 0.06)])
def test_a_challenger_that_is_not_better_by_its_error_is_registered_and_no_more(
    loss: float, error: float, champion: Path, contender: Callable[..., Path], store: str
) -> None:
    done = promote(contender("other", loss, error), "remission", uri=store)
    assert (done.version, done.promoted) == ("2", False)
    assert done.reasons[-1] == "champion stays version 1 of remission."
    assert _champion(store) == "1"
    assert "predictor.champion" not in _tags(store, "2")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cohort": {"digest": "sha256:" + "cd" * 32}}, "different patients"),
        (
            {
                "outcome": {
                    "name": "remission",
                    "label": "Remission",
                    "column": "response",
                    "event": ["remission"],
                    "horizon": "12 months",
                    "population": "patients of a test",
                }
            },
            r"defined otherwise than the champion's \(horizon\)",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused_and_nothing_is_sent(
    changes: dict[str, Any],
    said: str,
    champion: Path,
    contender: Callable[..., Path],
    store: str,
) -> None:
    folder = contender("other", 0.30, **changes)
    with pytest.raises(BundleError, match=rf"--force REASON\.\n.*{said}"):
        promote(folder, "remission", uri=store)
    assert read_tracking(folder) is None
    assert _champion(store) == "1"
    assert len(_client(store).search_model_versions("name = 'remission'")) == 1


def test_force_moves_it_all_the_same_and_keeps_the_reason(
    champion: Path, contender: Callable[..., Path], store: str
) -> None:
    folder = contender("other", 0.30, cohort={"digest": "sha256:" + "cd" * 32})
    done = promote(folder, "remission", uri=store, force="two more years of patients")
    assert done.promoted
    assert done.judgement is None
    assert _champion(store) == "2"
    assert _tags(store, "2")["predictor.forced"] == "two more years of patients"


def test_a_bundle_is_registered_once(
    champion: Path, contender: Callable[..., Path], store: str
) -> None:
    folder = contender("other", 0.61)
    first = promote(folder, "remission", uri=store)
    again = promote(folder, "remission", uri=store)
    assert first.version == again.version == "2"
    assert not again.promoted


def test_the_champion_itself_stays_it_without_being_judged(champion: Path, store: str) -> None:
    done = promote(champion, "remission", uri=store)
    assert (done.version, done.promoted, done.judgement) == ("1", True, None)
    assert "already" in done.reasons[0]


def test_a_run_and_a_version_are_promoted_as_their_bundle_is(
    champion: Path, contender: Callable[..., Path], store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    folder = contender("better", 0.55)
    from predictor.workflow.track import track

    sent = track(folder)
    shutil.rmtree(folder)
    assert promote(sent.run_id, "remission").version == "2"
    assert _champion(store) == "2"
    back = promote("models:/remission/1", "remission", force="back to the older one")
    assert (back.version, back.before) == ("1", "2")
    assert _champion(store) == "1"


def test_a_version_of_another_name_is_refused(champion: Path, store: str) -> None:
    with pytest.raises(TrackingError, match="another name"):
        promote("models:/remission/1", "relapse", uri=store)


def test_a_run_that_is_not_there_is_named(store: str) -> None:
    with pytest.raises(TrackingError, match=f"run {'0' * 32}: .*not found"):
        promote("0" * 32, "remission", uri=store)


def test_a_bundle_sent_elsewhere_is_promoted_there(
    champion: Path, store: str, tmp_path: Path
) -> None:
    with pytest.raises(TrackingError, match=r"sent to another store, sqlite:///.*--uri"):
        promote(champion, "remission", uri=f"sqlite:///{tmp_path}/other.db")


def test_a_bundle_sent_without_a_name_is_registered_when_it_is_promoted(
    contender: Callable[..., Path], store: str
) -> None:
    from predictor.workflow.track import track

    folder = contender("first", 0.60)
    sent = track(folder, uri=store)
    assert promote(folder, "remission", uri=store).version == "1"
    assert str(_client(store).get_model_version("remission", "1").run_id) == sent.run_id


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"name": "a/b"}, "other than / : @"),
        ({"name": " "}, "other than / : @"),
        ({"alias": "v1"}, "letters, digits"),
        ({"alias": "a b"}, "letters, digits"),
        ({"force": " "}, "written down for others"),
        ({"force": "x" * 1001}, "written down for others"),
    ],
)
def test_words_that_the_registry_would_refuse_are_refused_before(
    words: dict[str, str], said: str, bundle: Path, store: str
) -> None:
    with pytest.raises(TrackingError, match=said):
        promote(bundle, **({"name": "remission", "uri": store} | words))
    assert read_tracking(bundle) is None


def test_a_promotion_judged_against_a_champion_that_is_gone_is_refused(
    champion: Path, contender: Callable[..., Path], store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = workflow.judge

    def judge_while_another_is_faster(*manifests: Any) -> Any:
        monkeypatch.setattr(workflow, "judge", original)
        assert promote(contender("faster", 0.56), "remission", uri=store).promoted
        return original(*manifests)

    monkeypatch.setattr(workflow, "judge", judge_while_another_is_faster)
    slower = contender("slower", 0.55)
    with pytest.raises(PromotionError, match=r"version 1 had it .* now version 2 has"):
        promote(slower, "remission", uri=store)
    assert _champion(store) == "2"
    # Nothing is lost: it is registered, and judged anew when it is asked again
    assert read_tracking(slower) is not None
    again = promote(slower, "remission", uri=store)
    assert (again.version, again.before) == ("3", "2")


class _Registry:
    """The calls of a client for one model, with a pause after each as a network has."""

    def __init__(self) -> None:
        self.aliases: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.lock = threading.Lock()

    def get_registered_model(self, _: str) -> Any:
        with self.lock:
            found = type("Model", (), {"aliases": dict(self.aliases), "tags": dict(self.tags)})
        time.sleep(0.002)
        return found

    def set_registered_model_alias(self, _: str, alias: str, version: str) -> None:
        with self.lock:
            self.aliases[alias] = version
        time.sleep(0.002)

    def set_registered_model_tag(self, _: str, key: str, value: str) -> None:
        with self.lock:
            self.tags[key] = value
        time.sleep(0.002)

    def delete_registered_model_tag(self, _: str, key: str) -> None:
        with self.lock:
            self.tags.pop(key, None)


def test_of_many_moves_at_once_exactly_one_succeeds_and_the_others_say_so() -> None:
    for _ in range(5):
        registry: Any = _Registry()
        registry.aliases["champion"] = "1"
        outcomes: list[str] = []

        def attempt(version: str, registry: Any = registry, outcomes: Any = outcomes) -> None:
            try:
                move_alias(registry, "remission", "champion", version, expected="1")
                outcomes.append(version)
            except PromotionError:
                outcomes.append("refused")

        threads = [threading.Thread(target=attempt, args=(str(n),)) for n in range(2, 6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        winners = [outcome for outcome in outcomes if outcome != "refused"]
        assert winners == [registry.aliases["champion"]]
        assert len(outcomes) == 4
        assert registry.tags == {}


def test_a_claim_left_by_a_killed_process_is_cleared_away() -> None:
    registry: Any = _Registry()
    registry.tags["predictor.claim.champion.dead"] = f"{time.time() - 500:.0f}"
    move_alias(registry, "remission", "champion", "2", expected=None)
    assert registry.aliases == {"champion": "2"}
    assert registry.tags == {}


def test_who_never_gets_a_turn_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aliases, "_PATIENCE", 0.0)
    registry: Any = _Registry()
    registry.tags["predictor.claim.champion.alive"] = f"{time.time():.0f}"
    with pytest.raises(PromotionError, match="did not get its turn"):
        move_alias(registry, "remission", "champion", "2", expected=None)
    assert registry.aliases == {}


def test_a_program_that_makes_no_claims_is_noticed() -> None:
    registry: Any = _Registry()
    set_alias = registry.set_registered_model_alias

    def overridden(name: str, alias: str, version: str) -> None:
        set_alias(name, alias, "9")

    registry.set_registered_model_alias = overridden
    with pytest.raises(PromotionError, match="now version 9 has"):
        move_alias(registry, "remission", "champion", "2", expected=None)


def test_the_command_tells_and_ends_with_1_where_it_is_not_better(
    champion: Path, contender: Callable[..., Path], store: str
) -> None:
    words = ["--name", "remission", "--uri", store, "--format", "json"]
    better = CliRunner().invoke(app, ["promote", str(contender("better", 0.5)), *words])
    assert better.exit_code == 0
    found = json.loads(better.stdout)
    assert (found["version"], found["before"], found["promoted"]) == ("2", "1", True)
    assert found["judgement"]["gain"] == pytest.approx(0.1)
    worse = CliRunner().invoke(app, ["promote", str(contender("worse", 0.58)), *words[:-2]])
    assert worse.exit_code == 1
    assert "champion stays version 2 of remission." in worse.stdout


@pytest.mark.slow
def test_two_promotions_at_once_leave_one_champion_and_lose_nothing(
    champion: Path, contender: Callable[..., Path], store: str
) -> None:
    folders = [contender("one", 0.55), contender("two", 0.54)]
    processes = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "predictor", "promote", str(folder)),
                *("--name", "remission", "--uri", store, "--format", "json"),
            ],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for folder in folders
    ]
    ended = [(*process.communicate(timeout=300), process.returncode) for process in processes]
    winners = [json.loads(out) for out, _, code in ended if code == 0]
    for _, err, code in ended:
        assert code in (0, 1, 2), err
        assert code != 2 or "another promotion came first" in err
    # One at least; a slow second one may have been judged against the first
    assert winners
    assert _champion(store) in {found["version"] for found in winners}
    assert all(read_tracking(folder) is not None for folder in folders)
    assert not _client(store).get_registered_model("remission").tags


def test_promotions_are_plain_data() -> None:
    done = Promotion("remission", "champion", "2", None, True, None, "", ("Said.",))
    assert done.to_dict()["judgement"] is None
    assert json.loads(json.dumps(done.to_dict())) == done.to_dict()
