"""The model card: what a bundle is, in two pages of Markdown, from its manifest alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from predictor.clinical.units import readable_unit
from predictor.clinical.variable import Variable
from predictor.report.validation_text import bootstrap_lines, figure_name, further_lines, headline

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|])")


def model_card(manifest: Mapping[str, Any]) -> str:
    """Write the model card.

    Parameters
    ----------
    manifest
        Content of ``manifest.json``; its ``model.kind`` must be there.

    Returns
    -------
    Markdown. Names from the configuration cannot break its layout.
    """
    known = {
        name: Variable.from_dict(entry)
        for name, entry in manifest["dictionary"].items()
        if name in manifest["predictors"] or entry["exclusion"]
    }
    importance = {
        row["variable"]: row["mean_absolute_shap"] for row in manifest["explanation"]["importance"]
    }
    predictors = [
        {
            "label": variable.label,
            "unit": readable_unit(variable.unit) if variable.unit else ", ".join(variable.states),
            "reference": str(variable.reference or ""),
            "importance": importance[variable.name],
        }
        for variable in sorted(
            (known[name] for name in manifest["predictors"]), key=lambda v: -importance[v.name]
        )
    ]
    imputation = manifest["config"]["preparation"]["imputation"]
    text: str = _template().render(
        m=manifest,
        predictors=predictors,
        exclusions=[v.label.lower() for v in known.values() if v.exclusion],
        setting=", ".join(f"{k} {v:g}" for k, v in manifest["model"]["setting"].items()),
        counted="patients" if manifest["cohort"]["group"] != "none" else "rows",
        flow=_flow(manifest),
        findings=[_finding(warning) for warning in manifest["cohort"]["warnings"]],
        packages=", ".join(f"{k} {v}" for k, v in manifest["environment"]["packages"].items()),
        imputation="median or most frequent state" if imputation == "median" else "regressions",
        interval=_interval,
        two=_two,
        taken=_taken(manifest),
        internal=_internal(manifest),
    )
    return text


@lru_cache(maxsize=1)
def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("predictor.report"),
        # Markdown, not HTML: every text goes through the filter below instead.
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["md"] = escaped
    return environment.get_template("model_card.md.j2")


def _flow(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Steps and counts; small counts of excluded patients are masked, also by subtraction."""
    size = manifest["privacy"]["cell_size"]
    steps = [(step["step"], step["patients"]) for step in manifest["cohort"]["flow"]]
    small = any(0 < count < size for _, count in steps[1:-1])
    rows = [
        (steps[0][0], "not shown (it would reveal a small count)" if small else str(steps[0][1]))
    ]
    rows += [(s, f"fewer than {size}" if 0 < n < size else str(n)) for s, n in steps[1:-1]]
    return [*rows, (steps[-1][0], str(steps[-1][1]))]


def _finding(warning: Mapping[str, Any]) -> str:
    where = f"{warning['variable']}: " if warning["variable"] else ""
    times = f" ({warning['count']} rows)" if warning["count"] > 1 else ""
    return f"{where}{warning['code'].replace('_', ' ')}{times}"


def escaped(text: object) -> str:
    r"""Text that Markdown shows as it is, on one line.

    >>> print(escaped("a|b <i> *c*"))
    a\|b \<i\> \*c\*
    """
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def _taken(manifest: Mapping[str, Any]) -> str:
    """Why this model, of all that were compared."""
    rule = "the simplest model within one standard error of the best cross-validated log loss"
    choice = manifest["validation"].get("choice", {"named_beforehand": False})
    if not choice["named_beforehand"]:
        return f"chosen as {rule}"
    label = next(
        row["label"] for row in manifest["validation"]["models"] if row["name"] == choice["by_rule"]
    )
    return f"named beforehand; the rule takes {label}, {rule}"


def _internal(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Sentences and table of the internal validation; empty for a bundle without one."""
    found, label = manifest["validation"], manifest["model"]["label"]
    bootstrap = found.get("bootstrap")
    said = headline(bootstrap, label) if bootstrap is not None else None
    return {
        "headline": said,
        "rows": [{"called": figure_name(row), **row} for row in bootstrap["figures"]]
        if said
        else [],
        "lines": bootstrap_lines(bootstrap) if said else [],
        "further": further_lines(found, label),
    }


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _interval(model: Mapping[str, Any], name: str) -> str:
    value, low, high = model[name], model[f"{name}_low"], model[f"{name}_high"]
    if value is None:
        return "–"
    return f"{value:.2f}" if low is None else f"{value:.2f} ({low:.2f} to {high:.2f})"
