"""Data files that people edit: checked by a model, and a mistake is reported with file and line."""

from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)
Path = tuple[int | str, ...]


class DataFileError(ValueError):
    """A file is wrong; the message has one line `file:line: what` per mistake."""


def parse(model: type[M], text: str, file: str) -> M:
    """The model that a YAML text describes; raises DataFileError with the line of each mistake in `file`."""
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        return model.model_validate(yaml.safe_load(text))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DataFileError(f"{file}:{line}: {error.problem}") from None
    except ValidationError as error:
        raise DataFileError("\n".join(f"{file}:{_problem(tree, e['loc'], e['msg'])}" for e in error.errors())) from None


def _problem(tree: yaml.Node | None, path: Path, message: str) -> str:
    where = ".".join(map(str, path))
    return f"{_line_of(tree, path)}: {where}: {message}" if where else f"{_line_of(tree, path)}: {message}"


def _line_of(node: yaml.Node | None, path: Path) -> int:
    """The line, from 1, on which the deepest existing part of `path` begins."""
    line = 1 if node is None else node.start_mark.line + 1
    for step in path:
        found = _child(node, step)
        if found is None:
            return line
        line, node = found
    return line


def _child(node: yaml.Node | None, step: int | str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        child = node.value[step]
        return child.start_mark.line + 1, child
    return None
