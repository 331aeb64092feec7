"""Make the reports of docs/gallery.md: `python tests/provenance/make_gallery.py DATA RUNS`.

DATA is the folder with the two public files of docs/data.md. Each study is trained as its command
in docs/gallery.md says, into a folder of RUNS; that takes some minutes each, and the machine should
have nothing else to do, as `validation.minutes` would cut the validation short. A run that is there
is not trained again, so that pages can be written anew when their wording has changed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from predictor.workflow.report import report_file
from predictor.workflow.train import train

GALLERY = Path(__file__).resolve().parents[2] / "docs" / "gallery"

STUDIES = (
    ("sle_low_disease_activity", "gse65391_response_index.csv", "ridge"),
    ("remission", None, None),
    ("thiopurine_remission", "thiomon.csv", None),
)


def main(data: Path, runs: Path) -> None:
    """Train what is not trained yet, and keep the page of each report alone."""
    GALLERY.mkdir(exist_ok=True)
    runs.mkdir(parents=True, exist_ok=True)
    os.chdir(runs)  # the tracking store is made there
    for study, file, choose in STUDIES:
        if not Path(study).exists():
            train(study, None if file is None else data / file, out=study, choose=choose)
        report_file(study, GALLERY / f"{study}.html")
        print(f"{study}: written")  # noqa: T201


if __name__ == "__main__":
    main(*(Path(folder).resolve() for folder in sys.argv[1:3]))
