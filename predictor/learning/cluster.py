"""A Dask cluster that the work of a run is sent to.

The scheduler and its workers are started by whoever owns the machines (docs/cluster.md). joblib's
own Dask backend sends the tasks. What all tasks need is sent as a task, too, and not scattered as
joblib would: scattered data die with the worker that holds them, while a task is done again.
"""

from __future__ import annotations

import logging
import platform
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from joblib import parallel_config
from joblib._dask import DaskDistributedBackend

from predictor.config_compute import scheduler_address
from predictor.errors import ConfigError, LearningError
from predictor.learning.spread import IN_USE, Sealed

if TYPE_CHECKING:
    from distributed import Client

# Seconds for a scheduler to answer, and for its first worker to be there: a batch system may have
# to find a machine first.
_ANSWER, _WORKER = 10, 60
# A figure can differ in its last bits between releases of these.
_SAME = ("sle-ivig-predictor", "numpy", "scipy", "scikit-learn")


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
        backend = _Backend(client=self.client, wait_for_workers_timeout=_WORKER)
        found: AbstractContextManager[Any] = parallel_config(backend=backend)
        return found

    def keep(self, shared: Sealed) -> Any:
        """Send once what all tasks need; stands for it among the arguments of a task."""
        return self.client.submit(_same, shared, pure=False)


@dataclass(frozen=True, slots=True)
class _Lost:
    """Stands for the result of a task that the cluster gave up."""

    error: BaseException


class _Backend(DaskDistributedBackend):  # type: ignore[misc]
    """joblib's backend, which waits for ever for a task that Dask gives up, and here does not.

    Such a task ended every worker that tried it, or the scheduler is gone.
    """

    def effective_n_jobs(self, n_jobs: int) -> int:
        """Tasks at once; never one, which joblib would do in this process."""
        return max(2, int(super().effective_n_jobs(n_jobs)))

    def submit(self, func: Any, callback: Callable[[Any], None]) -> Any:
        """Send a batch of tasks."""
        answer: Future[Any] = super().submit(func, callback)

        def tell(done: Future[Any]) -> None:
            error = done.exception()
            if error is not None:
                callback(_Lost(error))

        answer.add_done_callback(tell)
        return answer

    def retrieve_result_callback(self, out: Any) -> Any:
        """What a batch gave."""
        if isinstance(out, _Lost):
            raise out.error
        return super().retrieve_result_callback(out)


def _same(shared: Sealed) -> Sealed:
    return shared


@contextmanager
def dask_cluster(address: str, place: str = "compute.address") -> Iterator[None]:
    """Send the work that is spread in here to a Dask cluster.

    Parameters
    ----------
    address
        Of its scheduler, such as ``tcp://10.0.0.5:8786``.
    place
        Where the address was written, for errors.

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
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise ConfigError(
            place,
            "dask is not installed",
            'Install it: python -m pip install "sle-ivig-predictor[dask]".',
        ) from None
    # The patients of a large cohort are one large task, on purpose.
    large = dask.config.set({"distributed.admin.large-graph-warning-threshold": "100GB"})
    with _quiet(), large, _connected(address, place) as client:
        _check_workers(client, address, place)
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


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Dask logs of a lost connection from the terminal; an error says it once."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _connected(address: str, place: str) -> Client:
    from distributed import Client
    from distributed.security import Security

    try:
        scheduler_address(address)
    except ValueError as error:
        raise ConfigError(place, str(error), "Correct it, or leave it out.") from None
    security, encrypted = Security(), address.startswith("tls")
    if security.require_encryption and not encrypted:
        raise ConfigError(
            place,
            f"Dask's configuration asks for encryption, and {address} has none",
            "Write tls in place of tcp, and start the scheduler with --protocol tls.",
        )
    if encrypted and not security.get_connection_args("client")["ssl_context"]:
        raise ConfigError(
            place,
            "an encrypted address needs certificates, and Dask's configuration names none",
            "Set DASK_DISTRIBUTED__COMM__TLS__CA_FILE, and CLIENT__CERT and CLIENT__KEY beside it.",
        )
    try:
        return Client(address, timeout=_ANSWER, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConfigError(
            place,
            f"no Dask scheduler answers at {address} ({type(error).__name__})",
            "Start one (dask scheduler), or correct the address, or leave it out.",
        ) from None


def _check_workers(client: Client, address: str, place: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_WORKER)
    except TimeoutError:
        raise ConfigError(
            place,
            f"the scheduler at {address} has no worker",
            f"Start one: dask worker {address} --nthreads 1.",
        ) from None
    own = _versions()
    try:
        found: Mapping[str, Mapping[str, str]] = client.run(_versions)
    except ModuleNotFoundError:
        raise ConfigError(
            place,
            "a worker of the cluster has no predictor to work with",
            "Install this release in the environment of the workers.",
        ) from None
    for theirs in found.values():
        for name, here in own.items():
            if theirs[name] != here:
                raise ConfigError(
                    place,
                    f"a worker of the cluster has {name} {theirs[name]}, here it is {here}",
                    "Use the same environment on both sides, so that figures are the same.",
                )


def _versions() -> dict[str, str]:
    minor = ".".join(platform.python_version_tuple()[:2])
    return {"Python": minor, **{name: version(name) for name in _SAME}}
