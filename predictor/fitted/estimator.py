"""Estimators in a bundle: skops archives, loaded against a list of types that stands here.

An archive is checked four times: its digest, the types it names, the class of what came out, and
that every tree stays inside its own arrays, which compiled code would follow blindly.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.errors import BundleError
from predictor.fitted.models import EstimatorKind, EstimatorModel

# Types an archive may hold beyond those that skops itself trusts. All three are compiled or
# plain containers of tree nodes and terms; none runs code when it is loaded.
_TRUSTED_TYPES = {
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "interpret.glassbox._ebm._ebm.ExplainableBoostingClassifier",
}

# What an additive model remembers of its training and needs for no prediction: the least and the
# greatest value of each predictor, which are two patients' own, and counts in small bins.
_LEARNED_BUT_UNUSED = (
    "bin_weights_",
    "feature_bounds_",
    "histogram_edges_",
    "histogram_weights_",
    "unique_val_counts_",
)

_CLASSES: dict[str, EstimatorKind] = {
    "RandomForestClassifier": "forest",
    "HistGradientBoostingClassifier": "boosting",
    "ExplainableBoostingClassifier": "additive",
}


def dump_estimator(model: EstimatorModel) -> bytes:
    """Return an estimator as a skops archive.

    Raises
    ------
    BundleError
        If it holds a type that loading would refuse.
    """
    import skops.io

    estimator = copy.copy(model.estimator)
    for name in _LEARNED_BUT_UNUSED:
        if hasattr(estimator, name):
            delattr(estimator, name)
    data: bytes = skops.io.dumps(estimator)
    unexpected = set(skops.io.get_untrusted_types(data=data)) - _TRUSTED_TYPES
    if unexpected:
        raise BundleError("model", f"types that cannot be bundled: {', '.join(sorted(unexpected))}")
    return data


def load_estimator(data: bytes, kind: object, columns: int, where: str) -> EstimatorModel:
    """Rebuild an estimator from :func:`dump_estimator`.

    Parameters
    ----------
    data
        The archive.
    kind
        What ``model.json`` says it is.
    columns
        Number of design columns it must read.
    where
        The file, for messages.

    Raises
    ------
    BundleError
        If the archive is damaged, holds a type that is not trusted, or is another estimator.
    """
    import skops.io

    try:
        unexpected = set(skops.io.get_untrusted_types(data=data)) - _TRUSTED_TYPES
        if not unexpected:
            estimator = skops.io.loads(data, trusted=sorted(_TRUSTED_TYPES))
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "interpret":
            raise BundleError(where, "names a module that does not exist here") from None
        raise BundleError(
            where,
            "the model needs an optional package that is not installed",
            'Install it: python -m pip install "sle-ivig-predictor[ebm]".',
        ) from None
    # A damaged archive can fail in every library it passes through (zip, JSON, NumPy, skops),
    # each with its own exceptions; all of them mean the same to the user.
    except Exception as error:  # noqa: BLE001
        raise BundleError(where, f"cannot be loaded ({type(error).__name__})") from None
    if unexpected:
        raise BundleError(
            where, f"holds types that are not trusted: {', '.join(sorted(unexpected))[:300]}"
        )
    found = _CLASSES.get(type(estimator).__name__)
    if found is None or found != kind:
        raise BundleError(where, "holds another estimator than the bundle says")
    try:
        fits = estimator.n_features_in_ == columns and list(estimator.classes_) == [0, 1]
        sound = all(_is_tree(*tree, columns) for tree in _trees(estimator, found))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        fits = sound = False
    if not fits or not sound:
        raise BundleError(where, "the estimator and its preparation do not fit together")
    return EstimatorModel(estimator, found)


_Nodes = NDArray[Any]


def _trees(estimator: Any, kind: EstimatorKind) -> Iterator[tuple[_Nodes, _Nodes, _Nodes, _Nodes]]:
    """Left child, right child and feature of the nodes, and which nodes are leaves."""
    if kind == "forest":
        for member in estimator.estimators_:
            tree = member.tree_
            left = tree.children_left
            yield left, tree.children_right, tree.feature, left == -1
    elif kind == "boosting":
        for (predictor,) in estimator._predictors:  # noqa: SLF001 - scikit-learn shows no other way
            nodes = predictor.nodes
            if nodes["is_categorical"].any():
                raise ValueError("no model of this package splits by category")
            yield nodes["left"], nodes["right"], nodes["feature_idx"], nodes["is_leaf"] != 0


def _is_tree(
    left: _Nodes, right: _Nodes, feature: _Nodes, is_leaf: NDArray[np.bool_], columns: int
) -> bool:
    """Whether every inner node reads a column there is and leads on to later nodes."""
    inner = ~is_leaf
    here = np.arange(len(left))[inner]
    onward = all(((side[inner] > here) & (side[inner] < len(left))).all() for side in (left, right))
    reads = ((feature[inner] >= 0) & (feature[inner] < columns)).all()
    return bool(len(left) and onward and reads)
