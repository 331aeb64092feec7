"""Spellings of units, and every factor of the shipped dictionary against arithmetic by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.clinical.dictionary import load_dictionary
from predictor.clinical.units import canonical_unit, convert, convert_back, readable_unit
from predictor.errors import UnitError

DICTIONARY = load_dictionary()
NUMBERS = [v for v in DICTIONARY.variables.values() if v.kind == "continuous"]
UNITS = [(v.name, unit) for v in NUMBERS for unit in v.units]

# Worked out with paper and pencil: the value, its unit, and what it is in the canonical unit.
BY_HAND = [
    ("age", 366, "mo", 30.5),  # 366 / 12
    ("age", 7305, "d", 20.0),  # 20 x 365.25
    ("age_at_onset", 18, "mo", 1.5),
    ("age_at_onset", 3652.5, "d", 10.0),
    ("disease_duration", 6, "mo", 0.5),
    ("disease_duration", 1461, "d", 4.0),  # 4 x 365.25
    ("disease_duration", 365.25, "wk", 7.0),  # 365.25 weeks = 7 x 365.25 days
    ("follow_up_years", 37.2, "mo", 3.1),
    ("follow_up_years", 730.5, "d", 2.0),  # 2 x 365.25
    ("follow_up_years", 365.25, "wk", 7.0),  # as for disease_duration
    ("weight", 70000, "g", 70.0),
    ("weight", 100, "[lb_av]", 45.359237),  # 1 lb = 0.45359237 kg
    ("anti_dsdna", 64.9, "k[IU]/L", 64.9),
    ("anti_dsdna", 64900, "[IU]/L", 64.9),
    ("c3", 0.75, "g/L", 75.0),  # 0.75 g = 750 mg in 10 dL
    ("c3", 750, "mg/L", 75.0),
    ("c3", 750, "ug/mL", 75.0),
    ("c4", 0.147, "g/L", 14.7),
    ("c4", 147, "mg/L", 14.7),
    ("c4", 147, "ug/mL", 14.7),
    ("crp", 9.69, "mg/dL", 96.9),  # 1 L = 10 dL
    ("crp", 96.9, "ug/mL", 96.9),
    ("crp", 9690, "ug/dL", 96.9),
    ("wbc", 4300, "/uL", 4.3),  # 4300 in 10^-6 L
    ("wbc", 4.3, "10*3/uL", 4.3),
    ("wbc", 4.3, "/nL", 4.3),
    ("wbc", 4300, "10*6/L", 4.3),
    ("wbc", 4.3e9, "/L", 4.3),
    ("neutrophils", 2600, "/uL", 2.6),
    ("neutrophils", 2.6, "10*3/uL", 2.6),
    ("neutrophils", 2.6, "/nL", 2.6),
    ("neutrophils", 2600, "10*6/L", 2.6),
    ("neutrophils", 2.6e9, "/L", 2.6),
    ("platelets", 94500, "/uL", 94.5),
    ("platelets", 94.5, "10*3/uL", 94.5),
    ("platelets", 94.5, "/nL", 94.5),
    ("platelets", 94500, "10*6/L", 94.5),
    ("platelets", 94.5e9, "/L", 94.5),
    ("haemoglobin", 114, "g/L", 11.4),
    ("creatinine", 113.12, "umol/L", 1.2796134400000002),  # 113.12 x 113.12 ug/L = 12796 ug/L
    ("creatinine", 0.1, "mmol/L", 1.1312),  # 0.1 x 113.12 mg/L
    ("creatinine", 15, "mg/L", 1.5),
    ("albumin", 38, "g/L", 3.8),
    ("albumin", 3800, "mg/dL", 3.8),
    ("total_protein", 6.5, "g/dL", 65.0),
    ("proteinuria", 1.0183, "g/d", 1018.3),
    ("proteinuria", 100, "ug/min", 144.0),  # 100 x 1440 min = 144000 ug
    *[
        (enzyme, value, unit, value * factor)
        for enzyme in ("alt", "ast", "ldh", "ck")
        # 1 U = 1 umol/min and 1 ukat = 1 umol/s = 60 umol/min
        for value, unit, factor in ((84.8, "[IU]/L", 1), (0.5, "ukat/L", 60), (0.5, "kU/L", 1000))
    ],
    ("glucocorticoid_dose", 10, "mg/d", 70.0),
    ("glucocorticoid_dose", 0.07, "g/wk", 70.0),
    ("glucocorticoid_dose", 0.01, "g/d", 70.0),
    ("ivig_dose", 2000, "mg/kg", 2.0),
    ("ivig_dose", 2, "g/kg/mo", 2.0),
    ("ivig_dose", 2000, "mg/kg/mo", 2.0),
]


@pytest.mark.parametrize(("name", "value", "unit", "canonical"), BY_HAND)
def test_each_factor_agrees_with_arithmetic_by_hand_both_ways(name, value, unit, canonical):
    variable = DICTIONARY.variable(name)
    assert convert(value, unit, variable) == pytest.approx(canonical, rel=1e-12)
    assert convert_back(canonical, unit, variable) == pytest.approx(value, rel=1e-12)


def test_no_factor_is_left_without_arithmetic_by_hand():
    checked = {(name, unit) for name, _, unit, _ in BY_HAND}
    canonical = {(v.name, v.unit) for v in NUMBERS}
    assert set(UNITS) - canonical == checked


def test_one_mg_per_dl_of_creatinine_is_88_40_umol_per_l():
    assert convert_back(1, "umol/L", DICTIONARY.variable("creatinine")) == pytest.approx(
        88.40, abs=0.005
    )


@pytest.mark.parametrize(("name", "unit"), UNITS)
@given(value=st.floats(min_value=1e-6, max_value=1e9))
def test_converting_there_and_back_changes_nothing(name, unit, value):
    variable = DICTIONARY.variable(name)
    there = convert(value, unit, variable)
    assert convert_back(there, unit, variable) == pytest.approx(value, rel=1e-14)


SPELLINGS = {
    "mg/dL": ("mg/dl", "MG/DL", "mg / dL", "mg/100 mL", " mg/dL "),
    "g/L": ("g/l", "gm/L", "grams/litre"),
    "g/dL": ("g/dl", "G/DL", "gm/dL"),
    "umol/L": ("µmol/L", "μmol/l", "mcmol/L", "UMOL/L", "umol/l"),
    "10*9/L": (
        "10^9/L",
        "x10^9/L",
        "x 10^9/L",
        "×10⁹/L",
        "10⁹/L",
        "10**9/L",
        "10E9/L",
        "1e9/L",
        "G/L",
        "10*9/l",
        "10^9 cells/L",
        "10*9 / L",
        "Gpt/L",
        "· 10⁹/L",
        "⋅10⁹/L",
        "∙10^9/L",
        "• 10*9/L",
    ),
    "10*3/uL": (
        "K/uL",
        "k/ul",
        "K/µL",
        "10^3/uL",
        "x10³/µL",
        "10*3/mm3",
        "Th/uL",
        "1000/uL",
        "Tsd./µl",
        "Tsd/µl",
        "tsd. / uL",
        "· 10³/µL",
    ),
    "/uL": ("cells/uL", "/mm3", "/mm³", "cells/mm^3", "/µL", "#/uL", "/cmm"),
    "[IU]/mL": ("IU/ml", "IU/mL", "[iU]/mL", "iu/ML"),
    "k[IU]/L": ("kIU/L",),
    "U/L": ("u/l", "units/L"),
    "[IU]/L": ("IU/L", "iu/l"),
    "ukat/L": ("µkat/L", "ukat/l"),
    "mm/h": ("mm/hr", "mm/hour", "mm/1h", "mm/1st hour", "MM/HR"),
    "mg/d": ("mg/day", "mg/24h", "mg/24 h", "mg/24 hours", "mg/(24.h)", "mg/24hr"),
    "g/d": ("g/day", "g/24h"),
    "mg/wk": ("mg/week", "mg/w"),
    "a": ("years", "year", "yr", "yrs", "y"),
    "mo": ("months", "month"),
    "d": ("days", "day"),
    "wk": ("weeks",),
    "[lb_av]": ("lb", "lbs", "pounds"),
    "mg/mmol": ("mg/mmol creatinine", "mg/mmol{creat}", "mg/mmol Cr", "mg/mmol creat."),
    "g/g": ("g/g creatinine", "g/gCr", "g/g{creat}"),
    "mg/mg": ("mg/mg crea",),
    "1": ("{score}", "points", "score", "1"),
    "{titer}": ("titre", "titer", "[titer]", "{titer}"),
}


@pytest.mark.parametrize(
    ("unit", "spelling"), [(unit, s) for unit, group in SPELLINGS.items() for s in (unit, *group)]
)
def test_a_unit_is_recognised_however_it_is_spelt(unit, spelling):
    assert canonical_unit(spelling) == unit


@given(st.text(max_size=40) | st.sampled_from([s for g in SPELLINGS.values() for s in g]))
def test_a_canonical_spelling_stays_as_it_is(text):
    once = canonical_unit(text)
    assert canonical_unit(once) == once


def test_giga_per_litre_is_not_grams_per_litre():
    assert canonical_unit("G/L") != canonical_unit("g/L")
    with pytest.raises(UnitError, match="haemoglobin: unit 'G/L' is not known"):
        convert(11.4, "G/L", DICTIONARY.variable("haemoglobin"))


@pytest.mark.parametrize("unit", ["mg/mg", "g/g", "mg/g", "mg/mmol", "mg/mmol creatinine"])
def test_a_protein_creatinine_ratio_is_refused_by_name(unit):
    with pytest.raises(UnitError, match=r"cannot be converted to mg/day: a protein/creatinine"):
        convert(1, unit, DICTIONARY.variable("proteinuria"))


@pytest.mark.parametrize(
    ("name", "unit", "why"),
    [
        ("proteinuria", "mg/dL", "needs the volume of urine"),
        ("haemoglobin", "mmol/L", "monomer"),
        ("anti_dsdna", "U/mL", "international units"),
        ("anti_dsdna", "AU/mL", "arbitrary units"),
        ("anti_dsdna", "titre", "dilutions"),
        ("neutrophils", "%", "white cell count"),
        ("crp", "nmol/L", "pentamer"),
        ("ivig_dose", "g", "body weight"),
        ("ivig_dose", "g/kg/day", "number of days"),
    ],
)
def test_a_conversion_that_does_not_exist_says_why(name, unit, why):
    with pytest.raises(UnitError, match=why):
        convert(1, unit, DICTIONARY.variable(name))


def test_an_unknown_unit_is_named_with_those_that_are_accepted():
    with pytest.raises(UnitError, match=r"c3: unit 'furlong' .*Accepted: mg/dL, g/L"):
        convert(1, "furlong", DICTIONARY.variable("c3"))


def test_a_state_has_no_unit():
    with pytest.raises(UnitError, match="a nominal variable has no unit"):
        convert(1, "mg/dL", DICTIONARY.variable("sex"))


def test_every_unit_of_the_dictionary_reads_back_from_what_people_see():
    for variable in NUMBERS:
        for unit in variable.units:
            shown = readable_unit(unit)
            assert canonical_unit(shown or "1") == unit
