"""Outcome definitions: the shipped rules case by case, own files, what is undeterminable."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from predictor.clinical.dictionary import load_dictionary
from predictor.clinical.outcome_definitions import (
    load_outcome,
    outcome_names,
    refuse_undeterminable,
    requirements_unmet,
)
from predictor.errors import OutcomeError

DICTIONARY = load_dictionary()
NAN = math.nan

REFERENCE = "reference: {authors: A B, title: T, journal: J, year: 2020, doi: 10.1000/x}\n"
OWN = "label: Mine\n" + REFERENCE + "rule: c3 >= 80 and pga < 1\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", outcome_names())
def test_every_shipped_definition_is_whole(name):
    found = load_outcome(name, DICTIONARY)
    assert found.name == name
    assert found.label
    assert found.requires
    assert not found.rule.cautions
    assert requirements_unmet(found, set()) != ()
    assert requirements_unmet(found, found.variables) == ()
    assert found.to_dict()["rule"] == found.rule.text


def test_a_definition_of_ones_own_is_read(tmp_path):
    found = load_outcome(written(tmp_path, OWN), DICTIONARY)
    assert (found.name, found.label, found.requires) == ("mine", "Mine", ("c3", "pga"))
    truth = found.truth({"c3": np.array([90, 70, 90, NAN]), "pga": np.array([0, NAN, NAN, 0.5])})
    assert truth.tolist() == [1, 0, -1, -1]


def test_a_definition_the_data_can_never_determine_is_refused_by_name(tmp_path):
    found = load_outcome(written(tmp_path, OWN), DICTIONARY)
    assert requirements_unmet(found, {"c3"}) == ("pga",)
    refuse_undeterminable(found, {"c3", "pga"}, "study.yaml")
    with pytest.raises(OutcomeError, match="mine can never be determined: not recorded are pga"):
        refuse_undeterminable(found, {"c3"}, "study.yaml")


def test_an_unknown_definition_is_refused_with_the_nearest_name():
    with pytest.raises(OutcomeError, match="Did you mean 'sledai_low_activity'"):
        load_outcome("sledai_low_activty", DICTIONARY)
