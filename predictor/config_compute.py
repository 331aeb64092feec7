"""Where the fits run, as a configuration says it."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, StrictStr, model_validator

from predictor.config_parts import Count, Part

_SCHEDULER = re.compile(r"(tcp|tls)://[^\s/]+:[0-9]{1,5}")


def scheduler_address(address: str) -> str:
    """The address of a Dask scheduler, unless it is none.

    Parameters
    ----------
    address
        Such as ``tcp://10.0.0.5:8786``.

    Raises
    ------
    ValueError
        Saying what it should look like.
    """
    if not _SCHEDULER.fullmatch(address):
        raise ValueError("a scheduler's address is tcp://HOST:PORT, or tls://HOST:PORT")
    return address


class ComputePlan(Part):
    """Where the fits run. Results do not depend on it."""

    backend: Literal["local", "dask"] = "local"
    """``dask`` sends the fits to a Dask cluster."""
    address: Annotated[StrictStr, AfterValidator(scheduler_address)] | None = None
    """Of the cluster's scheduler, such as ``tcp://10.0.0.5:8786``; only with ``dask``."""
    workers: Count | None = None
    """Parallel workers on this machine; every available core by default. A cluster has its own."""

    @model_validator(mode="after")
    def _one_place(self) -> ComputePlan:
        if self.backend == "dask" and self.address is None:
            raise ValueError("dask needs the address of a scheduler, such as tcp://10.0.0.5:8786")
        if self.backend == "local" and self.address is not None:
            raise ValueError("an address is for backend: dask")
        if self.backend == "dask" and self.workers is not None:
            raise ValueError("a cluster has its own workers; leave workers out")
        return self
