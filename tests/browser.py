"""A real browser, for the slow tests of what people look at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from needed import absent


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; Debian's own, as nothing else is downloaded here."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        absent('playwright: python -m pip install ".[dev]"')
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if path is None:
        absent("chromium, which Debian's package of that name brings")
    # Root, which continuous integration often is, has no sandbox; only our own pages are opened.
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as library:
        browser = library.chromium.launch(executable_path=path, args=[*root, "--disable-gpu"])
        yield browser
        browser.close()
