"""Which of two corrections of a calibration slope is told."""

from __future__ import annotations

import numpy as np
import pytest

from predictor.validation.reported import SLOPES_AGREE, trusted_slope
from predictor.validation.states import corrected_figures

NAMES = ("worst", "middle", "best")


def test_a_slope_that_is_not_defined_either_way_stays_undefined() -> None:
    nothing = (None, None, None)
    assert trusted_slope(nothing, (1.0, 0.5, 1.5)) == nothing
    assert trusted_slope((0.9, 0.5, 1.2), nothing) == (0.9, 0.5, 1.2)


@pytest.mark.parametrize("apart", [0.0, SLOPES_AGREE, SLOPES_AGREE + 0.01])
def test_the_border_is_that_of_an_event(apart: float) -> None:
    found = trusted_slope((1.0 + apart, 0.2, 2.0), (1.0, 0.1, 1.9))
    assert found[0] == (1.0 if apart > SLOPES_AGREE else 1.0 + apart)


def test_states_are_told_the_cross_validated_slope_where_the_correction_is_none() -> None:
    rng = np.random.default_rng(3)
    state = np.repeat([0, 1, 2], [20, 25, 15])
    apparent = rng.dirichlet([3, 3, 3], state.size)
    refits = rng.dirichlet([3, 3, 3], (120, state.size))
    count = rng.multinomial(state.size, np.full(state.size, 1 / state.size), 120).astype(float)
    beside = {
        **dict.fromkeys(
            ("orc", "c_generalised", "log_loss", "brier", "rps", "scaled_log_loss"),
            (None, None, None),
        ),
    }
    names = [f"{kind}_{name}" for kind in ("slope", "intercept") for name in NAMES]
    figures = corrected_figures(state, apparent, refits, count, NAMES, _Beside(beside, names))
    slopes = [row for row in figures if row.name.startswith("slope_")]
    assert len(slopes) == 3
    assert all(row.corrected == row.cross_validated == 9.0 for row in slopes)
    assert all((row.corrected_low, row.corrected_high) == (8.0, 11.0) for row in slopes)


class _Beside(dict):  # type: ignore[type-arg]
    """A cross-validated slope far away from every other, and nothing else."""

    def __init__(self, known: dict[str, object], names: list[str]) -> None:
        super().__init__(known)
        self.update({name: (9.0, 8.0, 11.0) for name in names if name.startswith("slope")})

    def __missing__(self, key: str) -> tuple[None, None, None]:
        return None, None, None
