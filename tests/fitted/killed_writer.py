"""Program of a test: save a bundle in forks that die at their first, second, ... touch of the disk.

``python killed_writer.py FOLDER old|nothing`` prints what is loaded after each death, ending with
the first fork that survives.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from made_bundles import save

from predictor.errors import BundleError
from predictor.fitted.bundle import load_bundle

TOUCHES: tuple[tuple[Any, str], ...] = (
    (os, "rename replace mkdir unlink rmdir fsync open"),
    (Path, "touch write_bytes"),
)


def named(statement: str) -> dict[str, str]:
    return {"level": "exploratory", "statement": statement}


def die_at(last: int) -> None:
    """Let the process end at the given touch of the disk, without any cleaning up."""
    calls = 0

    def dying(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == last:
                os._exit(9)
            return original(*args, **kwargs)

        return call

    for owner, names in TOUCHES:
        for name in names.split():
            setattr(owner, name, dying(getattr(owner, name)))


def loaded(folder: Path) -> str:
    try:
        return str(load_bundle(folder).manifest["evidence"]["statement"])
    except BundleError as error:
        return "none" if error.rule == "no such bundle" else f"broken: {error}"


def main(root: Path, before: str) -> None:
    for step in range(1, 300):
        folder = root / str(step) / "b"
        if before == "old":
            save(folder, evidence=named("old"))
        child = os.fork()
        if child == 0:
            die_at(step)
            save(folder, evidence=named("new"))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(loaded(folder), flush=True)  # noqa: T201 - its way of answering
        # Whatever was left, the next training succeeds and leaves nothing beside the bundle.
        save(folder, evidence=named("next"))
        assert loaded(folder) == "next"
        assert [path.name for path in folder.parent.iterdir()] == ["b"]
        assert not (folder / ".complete").exists()
        if os.waitstatus_to_exitcode(status) == 0:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
