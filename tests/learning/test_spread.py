"""Where parallel work runs: every task once, in order, with what all of them share."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_info

from predictor.learning.spread import Sealed, at_once, spread


def scaled(factor: int, i: int) -> int:
    return factor * i


def place(i: int) -> tuple[int, int]:
    return os.getpid(), threading.get_ident()


def blas_threads(i: int) -> int:
    return max((pool["num_threads"] for pool in threadpool_info()), default=1)


def refuse(i: int) -> int:
    raise ValueError(f"task {i} is refused")


def numbered(count: int) -> Iterator[tuple[int]]:
    return ((i,) for i in range(count))


class TestOnThisMachine:
    @pytest.mark.parametrize("workers", [1, 2])
    @pytest.mark.parametrize("threads", [True, False])
    def test_every_task_is_done_in_order(self, workers: int, threads: bool) -> None:
        found = spread(scaled, (3,), numbered(20), 20, workers=workers, threads=threads)
        assert list(found) == [3 * i for i in range(20)]

    def test_results_that_may_come_as_they_are_done_are_all_there(self) -> None:
        found = spread(scaled, (3,), numbered(20), 20, workers=2, in_order=False, one_by_one=True)
        assert sorted(found) == [3 * i for i in range(20)]

    def test_nothing_to_do_is_no_mistake(self) -> None:
        assert list(spread(scaled, (3,), numbered(0), 0)) == []

    def test_threads_stay_in_this_process_and_processes_do_not(self) -> None:
        pids = {pid for pid, _ in spread(place, (), numbered(8), 8, workers=2, threads=True)}
        assert pids == {os.getpid()}
        pids = {pid for pid, _ in spread(place, (), numbered(8), 8, workers=2)}
        assert os.getpid() not in pids

    @pytest.mark.parametrize("threads", [True, False])
    def test_linear_algebra_has_one_thread_in_a_task(self, threads: bool) -> None:
        assert set(spread(blas_threads, (), numbered(6), 6, workers=2, threads=threads)) == {1}

    def test_a_task_that_fails_is_told(self) -> None:
        with pytest.raises(ValueError, match="task 0 is refused"):
            list(spread(refuse, (), numbered(3), 3, workers=1))

    def test_tasks_are_taken_when_they_are_needed(self) -> None:
        taken: list[int] = []

        def tasks() -> Iterator[tuple[int, int]]:
            for i in range(1000):
                taken.append(i)
                yield 2, i

        found = spread(scaled, (), tasks(), 1000, workers=1)
        assert [next(found), next(found)] == [0, 2]
        assert len(taken) < 100

    def test_as_many_at_once_as_are_asked_for_or_as_there_are_cores(self) -> None:
        assert at_once(3) == 3
        assert at_once() >= 1


def test_what_travels_shows_nothing_of_its_content() -> None:
    assert "12345.678" not in repr(Sealed(([12345.678],)))
