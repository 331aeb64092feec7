"""On which machines the work of a run is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from predictor.errors import ConfigError


@contextmanager
def machines(
    address: str | None, workers: int | None, place: str = "compute.address"
) -> Iterator[None]:
    """Do the work that is spread in here on a cluster, if there is one.

    Parameters
    ----------
    address
        Of a Dask scheduler; None for the cores of this machine.
    workers
        How many of this machine were asked for.
    place
        Where the address was written, for errors.

    Raises
    ------
    ConfigError
        If the number of workers is impossible, or a cluster cannot be used.
    LearningError
        If a cluster is lost during the work.
    """
    if workers is not None and workers < 1:
        raise ConfigError("workers", "at least 1 is needed", "Leave it out to use every core.")
    if address is None:
        yield
        return
    if workers is not None:
        raise ConfigError(
            "workers",
            "the work goes to a cluster, which has its own workers",
            f"Leave it out, or leave out {place}.",
        )
    from predictor.learning.cluster import dask_cluster

    with dask_cluster(address, place):
        yield
