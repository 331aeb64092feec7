"""Section *Performance*: how good the model is, for whom, and how sure that is."""

from __future__ import annotations

from predictor.report.contents import performance_curves as curves
from predictor.report.contents import performance_spread as spread
from predictor.report.contents import performance_tables as tables
from predictor.report.contents import performance_words as words
from predictor.report.contents.numbers_text import counted
from predictor.report.contents.source import Source
from predictor.report.document import Paragraph, Section


def performance(source: Source) -> Section:
    """How good the model is.

    Parameters
    ----------
    source
        The bundle, opened. Of a bundle without findings only what its manifest holds is shown; the
        parts that are missing say so.
    """
    parts = (
        ("performance-figures", "Apparent, cross-validated, corrected", tables.figures),
        ("performance-roc", "Discrimination: ROC curves", curves.roc),
        ("performance-calibration", "Calibration", curves.calibration),
        ("performance-decision", "Decision curve", curves.decision),
        ("performance-candidates", "All candidates and both baselines", tables.candidates),
        ("performance-subgroups", "Subgroups", spread.subgroups),
        ("performance-centres", "Centres", spread.centres),
        ("performance-instability", "Instability", spread.instability),
        ("performance-signal", "Is there any signal?", tables.signal),
    )
    return Section(
        "performance",
        "Performance",
        (_intro(source),),
        tuple(Section(name, title, tuple(build(source))) for name, title, build in parts),
    )


def _intro(source: Source) -> Paragraph:
    plan = tables.validation_of(source).get("plan") or {}
    unit = counted(source.manifest)
    if "folds" not in plan or not tables.bootstrap_of(source):
        return Paragraph(words.INTRO_SHORT.format(unit=unit))
    return Paragraph(words.INTRO.format(unit=unit, folds=plan["folds"], repeats=plan["repeats"]))
