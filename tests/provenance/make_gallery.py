"""Make the reports of docs/gallery.md: `python tests/provenance/make_gallery.py DATA`.

DATA is the folder with the two public files of docs/data.md. Each study is trained as its command
in docs/gallery.md says; that takes some minutes each, and the machine should have nothing else to
do, as `validation.minutes` would cut the validation short.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from predictor.workflow.report import report_file
from predictor.workflow.train import train

GALLERY = Path(__file__).resolve().parents[2] / "docs" / "gallery"

STUDIES = (
    ("sle_low_disease_activity", "gse65391_response_index.csv", "ridge"),
    ("thiopurine_remission", "thiomon.csv", None),
    ("remission", None, None),
)


def main(data: Path) -> None:
    """Train each study in an empty folder, and keep the page of its report alone."""
    GALLERY.mkdir(exist_ok=True)
    for study, file, choose in STUDIES:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)  # the tracking store is made there
            run = train(study, None if file is None else data / file, out="run", choose=choose)
            report_file("run", GALLERY / f"{study}.html")
            os.chdir(GALLERY)
        print(f"{study}: {run.comparison.chosen.label}")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
