"""Where parallel work runs: on the cores of this machine, or on the workers of a cluster.

Everything that is fitted or scored many times over goes through :func:`spread`, and so through
joblib. What it computes does not depend on where it runs: a task is the same piece of work
everywhere, and its linear algebra has one thread, so that sums keep their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from joblib import Parallel, cpu_count, delayed, parallel_config
from threadpoolctl import threadpool_limits

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, repr=False)
class Sealed:
    """What travels to a worker.

    A cluster writes the arguments of a task that fails into its log. Patients are among them, so
    nothing of the content shows there.

    Parameters
    ----------
    content
        Arguments.
    """

    content: tuple[Any, ...]

    def __repr__(self) -> str:
        return "Sealed(...)"


class Cluster(Protocol):
    """Workers elsewhere."""

    def workers(self) -> int:
        """How many tasks they do at once."""

    def chosen(self) -> AbstractContextManager[Any]:
        """Make joblib send its work there, for as long as this is open."""

    def keep(self, shared: Sealed) -> Any:
        """Send once what all tasks need; stands for it among the arguments of a task."""


IN_USE: ContextVar[Cluster | None] = ContextVar("predictor_cluster", default=None)
"""The cluster that work goes to, None for this machine."""


def at_once(workers: int | None = None) -> int:
    """How many tasks are done at once.

    Parameters
    ----------
    workers
        Asked for on this machine; every core by default. A cluster has as many as it has.
    """
    cluster = IN_USE.get()
    if cluster is not None:
        return max(1, cluster.workers())
    return int(workers or cpu_count())


def spread(
    work: Callable[..., Result],
    shared: tuple[Any, ...],
    tasks: Iterable[tuple[Any, ...]],
    count: int,
    *,
    workers: int | None = None,
    threads: bool = False,
    in_order: bool = True,
    one_by_one: bool = False,
) -> Iterator[Result]:
    """Call ``work(*shared, *task)`` for every task.

    Parameters
    ----------
    work
        A function of a module.
    shared
        First arguments, the same for all tasks; sent to a cluster once.
    tasks
        The other arguments of each call; taken when a worker is nearly free.
    count
        How many tasks there are.
    workers
        Tasks at once on this machine; every core by default.
    threads
        Threads do on this machine, as the work lets go of the interpreter.
    in_order
        Give results in the order of the tasks, or else as they come.
    one_by_one
        Never hand out several tasks together, as they take long.

    Yields
    ------
    What each call returned.
    """
    cluster = IN_USE.get()
    how = {
        "n_jobs": max(1, min(at_once(workers), count)),
        "return_as": "generator" if in_order else "generator_unordered",
        "batch_size": 1 if one_by_one else "auto",
    }
    if cluster is None:
        parallel = Parallel(prefer="threads" if threads else "processes", **how)
        # Limited here too for threads, and because a worker inherits it.
        with threadpool_limits(1):
            yield from parallel(delayed(_here)(work, shared, task) for task in tasks)
        return
    with cluster.chosen():
        # Enough on its way that workers who come later find something to do.
        parallel = Parallel(pre_dispatch=max(64, 4 * at_once()), **how)
    kept = cluster.keep(Sealed((work, *shared)))
    yield from parallel(delayed(_elsewhere)(kept, Sealed(task)) for task in tasks)


def _here(work: Callable[..., Result], shared: tuple[Any, ...], task: tuple[Any, ...]) -> Result:
    with threadpool_limits(1):
        return work(*shared, *task)


def _elsewhere(shared: Sealed, task: Sealed) -> Any:
    # Estimators that use joblib themselves must not spread their own work over the cluster.
    with threadpool_limits(1), parallel_config(backend="sequential"):
        work, *first = shared.content
        return work(*first, *task.content)
