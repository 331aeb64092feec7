"""The patients a question needs, in words and two small tables."""

from __future__ import annotations

from collections.abc import Sequence

from predictor.report.text_table import text_table
from predictor.validation.samplesize import SampleSize
from predictor.validation.validationsize import ValidationSize


def sample_size_text(
    needed: SampleSize,
    over_c: Sequence[SampleSize] = (),
    validation: ValidationSize | None = None,
    verdict: str | None = None,
) -> str:
    """What a researcher reads: the verdict first, then what each criterion asks for.

    Parameters
    ----------
    needed
        Patients to develop the model.
    over_c
        The same over a range of anticipated C statistics.
    validation
        Patients for an external validation.
    verdict
        What there is against what is needed.
    """
    parts = [verdict] if verdict else []
    parts.append(
        f"To develop: {needed.n:,} patients with {needed.whole_events:,} events "
        f"({needed.epp:.1f} per parameter), for {needed.parameters} parameters at a prevalence of "
        f"{100 * needed.prevalence:.1f}%, assuming {needed.source}."
    )
    rows = [(c.label, f"{c.n:,}", f"{c.shrinkage:.3f}") for c in needed.criteria]
    parts.append(text_table(("Criterion", "Patients", "Shrinkage"), rows))
    if over_c:
        rows = [(f"{s.c:.2f}", f"{s.n:,}", f"{s.whole_events:,}") for s in over_c]
        parts.append(text_table(("If the AUROC were", "Patients", "Events"), rows, numbers_from=0))
    if validation:
        checks = [(c.label, f"{c.n:,}") for c in validation.criteria]
        parts.append(
            f"To validate it elsewhere: {validation.n:,} patients.\n\n"
            + text_table(("Criterion", "Patients"), checks)
        )
    parts.append(
        "Riley et al., BMJ 2020;368:m441 and Stat Med 2021;40:4230. These are minima for "
        "unpenalised regression; forests and boosting need more."
    )
    return "\n\n".join(parts) + "\n"
