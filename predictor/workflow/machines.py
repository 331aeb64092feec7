"""On which machines the work of a run is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from predictor.config_compute import ComputePlan
from predictor.errors import ConfigError


@contextmanager
def machines(compute: ComputePlan, workers: int | None) -> Iterator[None]:
    """Do the fits in here where a configuration says.

    Parameters
    ----------
    compute
        The configuration's.
    workers
        Asked for at the call.

    Raises
    ------
    ConfigError
        If the number of workers is impossible, or a cluster cannot be used.
    LearningError
        If a cluster is lost during the work.
    """
    if workers is not None and workers < 1:
        raise ConfigError("workers", "at least 1 is needed", "Leave it out to use every core.")
    if compute.address is None:
        yield
        return
    if workers is not None:
        raise ConfigError(
            "workers",
            "the configuration sends its fits to a cluster, which has its own workers",
            "Leave it out, or take compute.backend: local.",
        )
    from predictor.learning.cluster import dask_cluster

    with dask_cluster(compute.address):
        yield
