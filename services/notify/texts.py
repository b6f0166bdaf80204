"""Reads rules and templates out of this package."""

from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from services.notify.domain.catalogue import Catalogue, catalogue
from services.notify.domain.rule import Rule
from services.notify.domain.template import Template


def load_catalogue(folder: Traversable | None = None) -> Catalogue:
    """All rules and templates, from `rules.yaml` and `templates/*.yaml`; raises ValueError where one is wrong."""
    root = folder or resources.files("services.notify")
    files = [file for file in root.joinpath("templates").iterdir() if file.name.endswith(".yaml")]
    return catalogue(
        [Rule.model_validate(rule) for rule in _read(root.joinpath("rules.yaml"))],
        [Template.model_validate(_read(file)) for file in sorted(files, key=lambda file: file.name)],
    )


def _read(file: Traversable) -> Any:
    return yaml.safe_load(file.read_text("utf-8"))
