"""How ``predictor/cohort/published_correlations.yaml`` was made.

The study prints no correlation between two baseline variables. They are estimated from real visits
of children with SLE under usual care (GEO GSE65391; Banchereau et al., Cell 2016;165:551), where
the variable was recorded there. Each patient counts once in a pair: with the first visit that has
both values. Correlations are those of the normal scores behind the values:

- two measurements: Spearman's rho through 2 sin(pi rho / 6) (Pearson 1907);
- a measurement and a finding: biserial, from normal scores of the measurement;
- two findings: tetrachoric, by the root of the bivariate normal distribution.

Age is left out, because its relations in growing children are not those of adults. A titre of
anti-dsDNA is left out, because it is not on the scale of the units. A pair is kept from 50 patients
on; a finding needs 10 patients who have it and 10 who have it not, and two findings need 3 patients
in each cell of their 2x2 table.

Run:  python tests/provenance/make_published_correlations.py VISITS.csv > OUTPUT.yaml
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import brentq

FEWEST_PATIENTS, FEWEST_OF_A_KIND, FEWEST_IN_A_CELL = 50, 10, 3

MEASURED = {
    "wbc": "wbc",
    "neutrophils": "neutrophil_count",
    "platelets": "platelet_count",
    "c3": "c3",
    "c4": "c4",
    "anti_dsdna": "dsdna_value",
    "esr": "esr",
    "creatinine": "cr",
    "alt": "alt",
    "ast": "ast",
    "ldh": "ldh",
}
# Points of a SLEDAI item, or a drug: above zero means present. The item of proteinuria tells
# whether it exceeds 0.5 g a day, which is a cut through the measurement.
PRESENT = {
    "proteinuria": "proteinuria",
    "fever": "fever",
    "oral_ulcers": "mucosal_ulcers",
    "arthritis": "arthritis",
    "skin_rash": "new_rash",
    "pleural_effusion": "pleurisy",
    "pericardial_effusion": "pericarditis",
    "hydroxychloroquine": "hydroxychloroquine_category",
    "methotrexate": "metotrexate_category",
    "mycophenolate": "mycophenolate_category",
    "cyclophosphamide": "cyclophosphamide_category",
    "sex": "female",
}


def normal_scores(values: np.ndarray) -> np.ndarray:
    return stats.norm.ppf(stats.rankdata(values) / (len(values) + 1))


def two_measurements(x: np.ndarray, y: np.ndarray) -> float:
    return float(2 * np.sin(np.pi / 6 * stats.spearmanr(x, y).statistic))


def biserial(x: np.ndarray, present: np.ndarray) -> float:
    scores = normal_scores(x)
    share = present.mean()
    between = scores[present == 1].mean() - scores[present == 0].mean()
    height = stats.norm.pdf(stats.norm.ppf(share))
    return float(between / scores.std() * share * (1 - share) / height)


def tetrachoric(x: np.ndarray, y: np.ndarray) -> float:
    cut_x, cut_y = stats.norm.ppf(1 - x.mean()), stats.norm.ppf(1 - y.mean())
    neither = float(((x == 0) & (y == 0)).mean())

    def excess(r: float) -> float:
        both_below = stats.multivariate_normal([0, 0], [[1, r], [r, 1]]).cdf([cut_x, cut_y])
        return float(both_below) - neither

    low, high = -0.95, 0.95
    if excess(low) > 0 or excess(high) < 0:
        return low if excess(low) > 0 else high
    return float(brentq(excess, low, high, xtol=1e-4))


def correlation(first: str, second: str, x: np.ndarray, y: np.ndarray) -> float | None:
    """Latent correlation of one pair; None where too few patients have or lack a finding."""
    for name, values in ((first, x), (second, y)):
        have = int(values.sum())
        if name in PRESENT and not FEWEST_OF_A_KIND <= have <= len(values) - FEWEST_OF_A_KIND:
            return None
    if first in MEASURED and second in MEASURED:
        return two_measurements(x, y)
    if first in PRESENT and second in PRESENT:
        cells = [((x == i) & (y == j)).sum() for i in (0, 1) for j in (0, 1)]
        return tetrachoric(x, y) if min(cells) >= FEWEST_IN_A_CELL else None
    return biserial(x, y) if first in MEASURED else biserial(y, x)


def table_of(path: Path) -> pd.DataFrame:
    visits = pd.read_csv(path)
    visits["female"] = (visits["sex"] == "female").astype(float)
    visits.loc[visits["dsdna_unit"] != "units", "dsdna_value"] = np.nan
    # 2.39 U/L among values from 114 up is a slip of the unit; ranks need no more cleaning.
    visits.loc[visits["ldh"] < 40, "ldh"] = np.nan
    ordered = visits.sort_values(["subject", "cumulative_time"], kind="stable")
    table = pd.DataFrame({"subject": ordered["subject"]})
    for name, column in MEASURED.items():
        table[name] = ordered[column]
    for name, column in PRESENT.items():
        table[name] = (ordered[column] > 0).astype(float).where(ordered[column].notna())
    return table


def main(path: Path) -> None:
    table = table_of(path)
    names = [*MEASURED, *PRESENT]
    lines = []
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            both = table.dropna(subset=[first, second]).groupby("subject").head(1)
            if len(both) < FEWEST_PATIENTS:
                continue
            r = correlation(first, second, both[first].to_numpy(), both[second].to_numpy())
            if r is not None:
                lines.append(
                    f"  - {{pair: [{first}, {second}], r: {round(r, 2) + 0.0:.2f}, n: {len(both)}}}"
                )
    about = __doc__.split("Run:", maxsplit=1)[0].strip().splitlines()[2:]
    print(  # noqa: T201 - the file it makes
        "# Correlations of normal scores between baseline variables; none of IVIG patients.",
        "# Made by tests/provenance/make_published_correlations.py; nothing of a patient in it.",
        "#",
        *(f"# {line}".rstrip() for line in about),
        f"# Patients in the file: {table['subject'].nunique()}; n: patients of the pair.\n",
        "source: GEO GSE65391, Banchereau et al., Cell 2016;165:551, children, usual care",
        "pairs:",
        *lines,
        sep="\n",
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
