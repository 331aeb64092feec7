"""Take the screenshots of the report: `python tests/provenance/take_report_screenshots.py`.

Of the shipped model for remission, or of another bundle that is named: images of real patients do
not belong into a repository, so it must be a demonstration. Needs Chromium (Debian: chromium) and
playwright.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from predictor.report.contents.report import report_of
from predictor.report.contents.source import open_source
from predictor.report.page.html import page

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"


def main(bundle: str) -> None:
    """Photograph the first page, a part in the dark, and a part on a telephone."""
    # Not among what the tests need, and pytest looks into every file here for examples.
    from playwright.sync_api import sync_playwright

    source = open_source(bundle)
    if source.manifest["evidence"]["level"] != "demonstration":
        sys.exit("Only a report on simulated patients is photographed.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as library:
        file = Path(folder, "report.html")
        file.write_text(page(report_of(source)), encoding="utf-8")
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = library.chromium.launch(executable_path="/usr/bin/chromium", args=root)

        def opened(width: int, height: int, scheme: str, hash_: str) -> Any:
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, offline=True
            )
            shown = context.new_page()
            shown.goto(f"{file.as_uri()}#{hash_}")
            return shown

        opened(1280, 900, "light", "").screenshot(path=IMAGES / "report_verdict.png")
        opened(1280, 900, "dark", "explanation-importance").screenshot(
            path=IMAGES / "report_dark.png"
        )
        opened(320, 900, "light", "performance-calibration").screenshot(
            path=IMAGES / "report_phone.png"
        )
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:] or ["remission"])
