"""Work on a real Dask cluster of two worker processes: the same bits, and mishaps by name."""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from collections.abc import Iterator
from typing import Any

import dask
import numpy as np
import pytest
from distributed import LocalCluster
from made_cluster import cluster, losing_a_worker, processes
from synthetic import PLAN, candidates_of, patients_of

from predictor.errors import ConfigError, LearningError
from predictor.learning import cluster as module
from predictor.learning.cluster import dask_cluster
from predictor.learning.crossvalidation import cross_validate
from predictor.learning.refitting import Refit, refit
from predictor.learning.resampling import BootstrapPlan, bootstrap
from predictor.learning.splits import repeated_folds
from predictor.learning.spread import at_once, spread


@pytest.fixture(scope="module")
def two() -> Iterator[LocalCluster]:
    with cluster(2) as started:
        yield started


def place(shared: str, i: int) -> tuple[int, int]:
    time.sleep(0.05)
    return i, os.getpid()


def fall_over(shared: str, i: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def complain(values: list[float], i: int) -> None:
    raise LearningError("ridge", "the fit does not converge", "Raise its smallest penalty.")


def everything(fits: Refit) -> dict[str, Any]:
    names = ("probability", "usable", "candidate", "setting", "mean_absolute_shap")
    return {name: getattr(fits, name) for name in names}


def joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class TestTheSameNumbers:
    @pytest.mark.parametrize("names", [("ridge",), ("firth", "ridge"), ("random_forest",)])
    def test_as_on_this_machine_to_the_last_bit(
        self, names: tuple[str, ...], two: LocalCluster
    ) -> None:
        candidates = [candidates_of()[name] for name in names]
        patients = patients_of(40)
        resamples = BootstrapPlan(40, None, 12, 2)
        here = joined(refit(candidates, PLAN, patients, resamples, everything, explain=True))
        with dask_cluster(two.scheduler_address):
            there = joined(refit(candidates, PLAN, patients, resamples, everything, explain=True))
        for name, values in here.items():
            assert np.array_equal(values, there[name], equal_nan=True), name

    def test_with_outcomes_that_stand_in_for_their_own(self, two: LocalCluster) -> None:
        patients, resamples = patients_of(40), bootstrap(40, None, resamples=6, seed=2)
        outcome = np.random.default_rng(1).permuted(np.tile(patients.outcome, (6, 1)), axis=1)
        ridge = [candidates_of()["ridge"]]
        here = joined(refit(ridge, PLAN, patients, resamples, everything, outcome=outcome))
        with dask_cluster(two.scheduler_address):
            there = joined(refit(ridge, PLAN, patients, resamples, everything, outcome=outcome))
        assert np.array_equal(here["probability"], there["probability"], equal_nan=True)

    def test_of_the_comparison_of_candidates(self, two: LocalCluster) -> None:
        candidates = [candidates_of()[name] for name in ("ridge", "random_forest")]
        patients = patients_of(40)
        folds = repeated_folds(patients.outcome, None, folds=3, repeats=2, seed=4)
        here = cross_validate(candidates, PLAN, patients, folds)
        with dask_cluster(two.scheduler_address):
            there = cross_validate(candidates, PLAN, patients, folds)
        for one, other in zip(here, there, strict=True):
            assert np.array_equal(one.probability, other.probability)
            assert one.settings == other.settings


class TestTheWorkers:
    def test_both_work_and_this_process_does_not(self, two: LocalCluster) -> None:
        with dask_cluster(two.scheduler_address):
            assert at_once() == at_once(7) == 2
            found = list(spread(place, ("x",), ((i,) for i in range(30)), 30))
        assert [i for i, _ in found] == list(range(30))
        assert {pid for _, pid in found} == set(processes(two).values())

    def test_one_alone_does_all_of_it(self) -> None:
        with cluster(1) as one, dask_cluster(one.scheduler_address):
            found = list(spread(place, ("x",), ((i,) for i in range(4)), 4))
            assert {pid for _, pid in found} == set(processes(one).values())

    def test_a_killed_one_costs_time_only(self) -> None:
        with cluster(2) as own, dask_cluster(own.scheduler_address):
            before = set(processes(own).values())
            with losing_a_worker(own, after=0.5) as killed:
                found = list(spread(place, ("x" * 5000,), ((i,) for i in range(60)), 60))
        assert [i for i, _ in found] == list(range(60))
        assert set(killed) <= before

    def test_what_is_left_in_here_stays_on_this_machine_afterwards(self, two: LocalCluster) -> None:
        with dask_cluster(two.scheduler_address):
            pass
        found = spread(place, ("x",), ((i,) for i in range(3)), 3, threads=True, workers=2)
        assert {pid for _, pid in found} == {os.getpid()}


class TestMishaps:
    def test_an_error_of_a_task_comes_back_as_it_is(self, two: LocalCluster) -> None:
        with (
            pytest.raises(LearningError, match="does not converge"),
            dask_cluster(two.scheduler_address),
        ):
            list(spread(complain, ([1.0],), ((i,) for i in range(3)), 3))

    def test_logs_of_the_workers_hold_no_value_of_a_patient(self, two: LocalCluster) -> None:
        secret = 48151.62342
        with (
            pytest.raises(LearningError),
            dask_cluster(two.scheduler_address),
        ):
            list(spread(complain, ([secret],), ((secret,) for _ in range(3)), 3))
        assert str(secret) not in str({**two.get_logs()})

    @pytest.mark.slow
    def test_a_task_that_ends_every_worker_is_given_up_by_name(self) -> None:
        with (
            cluster(2) as own,
            pytest.raises(LearningError, match=r"a task ended every worker .* --memory-limit"),
            dask_cluster(own.scheduler_address),
        ):
            list(spread(fall_over, ("x",), ((i,) for i in range(2)), 2))

    def test_a_lost_scheduler_is_told_by_name(self) -> None:
        with cluster(1) as own:
            tasks = iter(range(100))

            def closing() -> Iterator[tuple[int]]:
                for i in tasks:
                    if i == 70:
                        own.close()
                    yield (i,)

            with (
                pytest.raises(LearningError, match="was lost during the work"),
                dask_cluster(own.scheduler_address),
            ):
                list(spread(place, ("x",), closing(), 100))

    def test_an_address_where_nobody_listens(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_ANSWER", 0.5)
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            port = bound.getsockname()[1]
            with (
                pytest.raises(ConfigError, match=r"no Dask scheduler answers at .*leave it out"),
                dask_cluster(f"tcp://127.0.0.1:{port}"),
            ):
                pass

    def test_a_scheduler_without_workers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_WORKER", 0.5)
        with (
            cluster(0) as none,
            pytest.raises(ConfigError, match=r"has no worker.*Start one: dask worker tcp://"),
            dask_cluster(none.scheduler_address),
        ):
            pass

    def test_workers_of_another_release(
        self, two: LocalCluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = module._versions()
        monkeypatch.setattr(module, "version", lambda _: "0.0.1")
        with (
            pytest.raises(ConfigError, match=r"a worker of the cluster has .* here it is 0\.0\.1"),
            dask_cluster(two.scheduler_address),
        ):
            pass
        assert real != module._versions()

    @pytest.mark.parametrize(
        "address", ["", "127.0.0.1:8786", "http://127.0.0.1:8786", "tcp://host"]
    )
    def test_what_is_no_address_of_a_scheduler(self, address: str) -> None:
        with (
            pytest.raises(ConfigError, match=r"--cluster: .* address is tcp://HOST:PORT"),
            dask_cluster(address, "--cluster"),
        ):
            pass

    def test_an_encrypted_address_without_certificates(self) -> None:
        with (
            pytest.raises(ConfigError, match="needs certificates"),
            dask_cluster("tls://127.0.0.1:9"),
        ):
            pass

    def test_a_plain_address_where_encryption_is_asked_for(self) -> None:
        with (
            dask.config.set({"distributed.comm.require-encryption": True}),
            pytest.raises(ConfigError, match="asks for encryption"),
            dask_cluster("tcp://127.0.0.1:9"),
        ):
            pass

    def test_what_dask_logs_of_it_stays_off_the_terminal(self, two: LocalCluster) -> None:
        level = logging.getLogger("distributed").level
        with dask_cluster(two.scheduler_address):
            assert not logging.getLogger("distributed.core").isEnabledFor(logging.ERROR)
        assert logging.getLogger("distributed").level == level
