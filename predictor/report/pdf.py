"""A page printed to PDF by a browser that is installed anyway: Chromium, Chrome or Edge, headless.

A library that lays out pages by itself would be one more dependency, and would draw another page
than the one that was looked at. The browser gets a profile of its own for the moment, and no way
to a network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from predictor.errors import MissingExtraError, PredictorError

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
)
"""Programs that are looked for, in this order."""

SECONDS = 120
"""After which a browser is given up."""

_OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pdf-header-footer",
    # Every name is unknown and every address refused: the page asks for nothing, and shall not.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=127.0.0.1:9",
)
_INSTALL = (
    "Install Chromium, Chrome or Edge so that it is on the PATH (Debian: apt install chromium), "
    "or open the page in any browser and print it to a file."
)


def browser() -> str:
    """The program that prints.

    Raises
    ------
    MissingExtraError
        If none is on the PATH.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        rule = "no Chromium, Chrome or Edge was found to print the page"
        raise MissingExtraError("PDF", rule, _INSTALL)
    return found


def as_pdf(html: bytes) -> bytes:
    """Print a page.

    Parameters
    ----------
    html
        One file that needs no other.

    Returns
    -------
    bytes
        The PDF, in the size and with the margins that the page asks for.

    Raises
    ------
    MissingExtraError
        If there is no browser.
    PredictorError
        If it does not print.
    """
    program = browser()
    with TemporaryDirectory(prefix="predictor-") as name:
        folder = Path(name)
        page, out = folder / "page.html", folder / "page.pdf"
        page.write_bytes(html)
        command = [
            program,
            *_OPTIONS,
            *_as_root(),
            f"--user-data-dir={folder / 'profile'}",
            f"--print-to-pdf={out}",
            page.as_uri(),
        ]
        try:
            subprocess.run(command, capture_output=True, check=True, timeout=SECONDS)  # noqa: S603
            return out.read_bytes()
        except (OSError, subprocess.SubprocessError) as error:
            why = f"{Path(program).name} did not print the page ({type(error).__name__})"
            raise PredictorError("PDF", why, "Open the page in a browser and print it.") from None


def _as_root() -> tuple[str, ...]:
    """Chromium's sandbox does not work for root, as in a container."""
    return ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
