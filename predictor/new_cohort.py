"""The mapping file of a cohort that took no part in making a model, read and checked."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from predictor.config_errors import explained
from predictor.config_external import NewCohort
from predictor.documents import Document, load_yaml
from predictor.errors import ConfigError


def load_new_cohort(path: Path) -> tuple[NewCohort, Document]:
    """Read a mapping file.

    Parameters
    ----------
    path
        A YAML file; see docs/validate.md.

    Returns
    -------
    The content, and the file, which says where something stands.

    Raises
    ------
    ConfigError
        Every broken rule at once, each with file, line, key and what was expected.
    DocumentError
        If the file is no readable YAML.
    """
    document = load_yaml(path)
    if not isinstance(document.data, dict):
        raise ConfigError(document.path, "the file holds no keys", "docs/validate.md has one.")
    try:
        return NewCohort.model_validate(document.data), document
    except ValidationError as error:
        reasons = explained(error.errors(include_url=False), document, NewCohort)
        raise ConfigError(
            document.path, "the mapping breaks rules", "Mend these:", reasons=reasons
        ) from None
