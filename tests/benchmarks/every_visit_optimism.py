"""What goes wrong when the visits of one patient fall on both sides of a split.

Run:  python tests/benchmarks/every_visit_optimism.py VISITS.csv
VISITS.csv are the visits of GSE65391 (docs/data.md). Every visit with active disease is an index
visit, and the same models are compared with patients kept whole in the folds and with rows split as
if they were patients, which `predictor train` refuses.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from measuring import machine

from predictor.documents import load_yaml
from predictor.learning.candidates import candidates
from predictor.learning.crossvalidation import cross_validate
from predictor.learning.preparer import column_of
from predictor.learning.procedure import Patients, Plan
from predictor.learning.splits import repeated_folds
from predictor.performance.discrimination import cross_validated_auroc
from predictor.study import study_from
from predictor.workflow.cohort import check_visits

CONFIG = Path(__file__).resolve().parents[2] / "configs" / "sle_from_visits.yaml"
MODELS: dict[str, Any] = {
    "ridge": {},
    "random_forest": {"trees": 500, "min_samples_leaf": [1]},
    "hist_gradient_boosting": {},
}


def main(path: Path) -> None:
    document = load_yaml(CONFIG)
    document.data["cohort"]["index"] = {"every": document.data["cohort"]["index"]["first"]}
    document.data["models"] = MODELS
    study = study_from(document, CONFIG.parent)
    cohort = check_visits(study, path).usable()
    plan = Plan(
        tuple(column_of(variable) for variable in cohort.variables),
        study.config.preparation.imputation,
        study.config.preparation.missing_indicators,
        study.config.validation.inner_folds,
    )
    named = candidates(study.config, "baseline")
    validation = study.config.validation
    if cohort.group is None:
        raise SystemExit("the study names no patient")
    found = {}
    for kind, group in (("patients", cohort.group), ("rows", None)):
        folds = repeated_folds(
            cohort.outcome,
            group,
            folds=validation.folds,
            repeats=validation.repeats,
            seed=validation.seed,
        )
        patients = Patients(cohort.values, cohort.outcome, group)
        for predicted in cross_validate(named, plan, patients, folds, workers=1):
            estimate = cross_validated_auroc(
                cohort.outcome, predicted.probability, folds.fold, cohort.group
            )
            found[predicted.candidate.name, kind] = estimate.value
    print(machine("numpy", "scikit-learn"))
    print(
        f"{cohort.patients} index visits of {len(np.unique(cohort.group))} patients, "
        f"{cohort.events} events; {validation.repeats} times {validation.folds} folds"
    )
    print(f"{'model':<24}{'patients kept whole':>20}{'rows split':>12}{'difference':>12}")
    for candidate in named:
        whole, split = found[candidate.name, "patients"], found[candidate.name, "rows"]
        print(f"{candidate.name:<24}{whole:>20.3f}{split:>12.3f}{split - whole:>+12.3f}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
