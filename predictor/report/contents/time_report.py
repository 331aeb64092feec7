"""All sections of a report on a model of a time, in the order of every report."""

from __future__ import annotations

from predictor.report.contents.report import TITLE, about, subtitle
from predictor.report.contents.reproduce import reproduce
from predictor.report.contents.source import Source
from predictor.report.contents.time_checklists import time_checklists
from predictor.report.contents.time_explanation import time_explanation
from predictor.report.contents.time_model import time_model
from predictor.report.contents.time_patients import time_patients
from predictor.report.contents.time_performance import time_performance
from predictor.report.contents.time_verdict import time_verdict, time_verdict_section
from predictor.report.document import Paragraph, Report, Section

NOT_CHECKED = (
    "The automatic checks for pitfalls are written for models of one event without a time and do "
    "not run here. What was looked for all the same stands in the other sections: patients who are "
    "followed too briefly (Patients), signal and calibration at each horizon (Performance). What "
    "nobody has looked for is whether hazards are proportional, whether predictors were known at "
    "time zero, and whether patients were censored for reasons that have to do with the event."
)


def time_report_of(source: Source) -> Report:
    """Everything a report says of a model of a time, from a bundle alone.

    Parameters
    ----------
    source
        The bundle, opened.
    """
    verdict = time_verdict(source)
    manifest = source.manifest
    label = str(manifest["outcome"]["label"])
    follow_up = manifest["outcome"]["follow_up"]
    return Report(
        TITLE.format(
            outcome=f"{label[:1].upper()}{label[1:]}",
            horizon=manifest["outcome"]["horizon"],
            name=manifest["name"],
        ),
        subtitle(manifest),
        verdict,
        {**about(source), "horizon_months": list(follow_up["horizon_months"])},
        (
            time_verdict_section(source, verdict),
            time_patients(source),
            time_performance(source),
            time_explanation(source),
            time_model(source),
            *time_checklists(source, verdict),
            Section("pitfalls", "Pitfalls", (Paragraph(NOT_CHECKED, "warning"),)),
            reproduce(source),
        ),
    )
