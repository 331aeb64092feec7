"""A Dask cluster that the work of a run is sent to.

The scheduler and its workers are started by whoever owns the machines (docs/cluster.md). joblib's
own Dask backend sends the tasks. What all tasks need is sent as a task, too, and not scattered as
joblib would: scattered data die with the worker that holds them, while a task is done again.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from joblib import parallel_config

from predictor.errors import ConfigError, LearningError
from predictor.learning.spread import IN_USE, Sealed

if TYPE_CHECKING:
    from distributed import Client

# Seconds for a scheduler to answer, and for its first worker to be there: a batch system may have
# to find a machine first.
_ANSWER, _WORKER = 10, 60
# A figure can differ in its last bits between releases of these.
_SAME = ("sle-ivig-predictor", "numpy", "scipy", "scikit-learn")
_PLACE = "compute.address"


@dataclass(frozen=True, slots=True)
class DaskCluster:
    """Workers of a Dask scheduler.

    Parameters
    ----------
    client
        Connected to it.
    """

    client: Client

    def workers(self) -> int:
        """How many tasks they do at once."""
        return sum(self.client.ncores().values())

    def chosen(self) -> AbstractContextManager[Any]:
        """Make joblib send its work there, for as long as this is open."""
        found: AbstractContextManager[Any] = parallel_config(
            backend="dask", client=self.client, wait_for_workers_timeout=_WORKER
        )
        return found

    def keep(self, shared: Sealed) -> Any:
        """Send once what all tasks need; stands for it among the arguments of a task."""
        return self.client.submit(_same, shared, pure=False)


def _same(shared: Sealed) -> Sealed:
    return shared


@contextmanager
def dask_cluster(address: str) -> Iterator[None]:
    """Send the work that is spread in here to a Dask cluster.

    Parameters
    ----------
    address
        Of its scheduler, such as ``tcp://10.0.0.5:8786``.

    Raises
    ------
    ConfigError
        If Dask is not installed here, nobody answers at the address, there is no worker, or the
        workers have other releases than this process.
    LearningError
        If the cluster is lost during the work.
    """
    try:
        import dask
        from distributed import Client
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise ConfigError(
            "compute.backend",
            "dask is not installed",
            'Install it: python -m pip install "sle-ivig-predictor[dask]".',
        ) from None
    # The patients of a large cohort are one large task, on purpose.
    quiet = dask.config.set({"distributed.admin.large-graph-warning-threshold": "100GB"})
    try:
        client = Client(address, timeout=_ANSWER, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConfigError(
            _PLACE,
            f"no Dask scheduler answers at {address} ({type(error).__name__})",
            "Start one (dask scheduler) or correct the address, or take compute.backend: local.",
        ) from None
    with quiet, client:
        _check_workers(client, address)
        token = IN_USE.set(DaskCluster(client))
        try:
            yield
        except KilledWorker:
            raise LearningError(
                "cluster",
                "a task ended every worker that tried it, most often for want of memory",
                "Give the workers more memory (dask worker --memory-limit), or start fewer of "
                "them on a machine.",
            ) from None
        except (CancelledError, TimeoutError, OSError) as error:
            if client.status == "running" and not isinstance(error, CancelledError):
                raise
            raise LearningError(
                "cluster",
                f"the scheduler at {address} was lost during the work",
                "Start it again and repeat the command; nothing was written.",
            ) from None
        finally:
            IN_USE.reset(token)


def _check_workers(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_WORKER)
    except TimeoutError:
        raise ConfigError(
            _PLACE,
            f"the scheduler at {address} has no worker",
            f"Start one: dask worker {address} --nthreads 1.",
        ) from None
    own = _versions()
    try:
        found: Mapping[str, Mapping[str, str]] = client.run(_versions)
    except ModuleNotFoundError:
        raise ConfigError(
            _PLACE,
            "a worker of the cluster has no predictor to work with",
            "Install this release in the environment of the workers.",
        ) from None
    for theirs in found.values():
        for name, here in own.items():
            if theirs[name] != here:
                raise ConfigError(
                    _PLACE,
                    f"a worker of the cluster has {name} {theirs[name]}, here it is {here}",
                    "Use the same environment on both sides, so that figures are the same.",
                )


def _versions() -> dict[str, str]:
    minor = ".".join(platform.python_version_tuple()[:2])
    return {"Python": minor, **{name: version(name) for name in _SAME}}
