"""Where the files that come with the package lie: example configurations and models.

Installed, they are inside the package (``predictor/_shipped``); in a checkout they are the
top-level folders of the repository, so that both work without copying.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped_folder(kind: str) -> Path | None:
    """The folder of shipped ``configs`` or ``models``; None when there is none."""
    installed = _PACKAGE / "_shipped" / kind
    if installed.is_dir():
        return installed
    checkout = _PACKAGE.parent / kind
    if (_PACKAGE.parent / "pyproject.toml").is_file() and checkout.is_dir():
        return checkout
    return None


def shipped_names(kind: str, suffix: str = "") -> list[str]:
    """Bare names of what is shipped, for messages and completion."""
    folder = shipped_folder(kind)
    if folder is None:
        return []
    return sorted(p.name.removesuffix(suffix) for p in folder.iterdir() if p.name.endswith(suffix))


def find(name: str | Path, kind: str, suffix: str = "") -> Path | None:
    """Resolve CONFIG or MODEL: an existing path wins, otherwise a bare name means the shipped one.

    Parameters
    ----------
    name
        What the user typed.
    kind
        ``"configs"`` or ``"models"``.
    suffix
        Added to a bare name, ``".yaml"`` for configurations.
    """
    path = Path(name)
    try:
        if path.exists():
            return path
    except (OSError, ValueError):  # too long for the file system, or a null character
        return None
    folder = shipped_folder(kind)
    bare = str(name)
    if folder is None or bare != path.name or bare in ("", ".", ".."):
        return None
    candidate = folder / (bare.removesuffix(suffix) + suffix)
    return candidate if candidate.exists() else None
