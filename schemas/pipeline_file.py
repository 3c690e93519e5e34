"""From the text of a pipeline file to a `Pipeline`, with errors that name key, line and the nearest right key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from schemas.errors import ConfigurationError
from schemas.pipeline import Pipeline
from schemas.pipeline_rules import suggestion

Path = tuple[str | int, ...]


def parse_pipeline(text: str, file: str) -> Pipeline:
    """Read a pipeline.

    Parameters
    ----------
    text : str
        YAML.
    file : str
        Its name, for messages.

    Raises
    ------
    ConfigurationError
        Every fault at once, a line each: ``file:line: path: what is wrong and the cure``.

    Examples
    --------
    >>> parse_pipeline("pipelin: x", "x.yaml")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    schemas.errors.ConfigurationError: x.yaml:1: pipelin: unknown key; did you mean 'pipeline'?
    """
    try:
        tree, data = yaml.compose(text), yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # a date that is none is a ValueError
        raise ConfigurationError(f"{file} is not YAML: {error}", "Mend the line named above.") from error
    except RecursionError as error:
        raise ConfigurationError(f"{file} is nested too deeply.", "Three or four levels are enough.") from error
    if not isinstance(data, dict):
        raise ConfigurationError(f"{file} holds no mapping.", "Start it with `pipeline: <name>`.")
    try:
        return Pipeline.model_validate(data)
    except ValidationError as error:
        faults = [f for e in error.errors() for f in _messages(dict(e))]
        lines = [f"{file}:{_line(tree, path)}: {'.'.join(map(str, path))}: {what}" for path, what in faults]
        raise ConfigurationError("\n".join(lines)) from error


def _messages(error: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    path: Path = tuple(error["loc"])
    if error["type"] == "extra_forbidden":
        yield path, f"unknown key; {suggestion(str(path[-1]), _keys_at(path[:-1]))}"
    elif not path:  # a rule across sections: one `path: message` per line
        for line in str(error["ctx"]["error"]).splitlines():
            where, _, what = line.partition(": ")
            yield tuple(int(p) if p.isdigit() else p for p in where.split(".")), what
    else:
        given = "" if error["type"] == "missing" else f" (got {error['input']!r:.60})"
        yield path, error["msg"].removeprefix("Value error, ") + given


def _line(node: yaml.Node | None, path: Path) -> int:
    line = node.start_mark.line + 1 if node else 1
    for step in path:
        child = _child(node, step)
        if child is None:
            continue  # pydantic names union branches, which are not in the file
        key, node = child
        line = key.start_mark.line + 1
    return line


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((k, v) for k, v in node.value if k.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


def _keys_at(path: Path) -> list[str]:
    found: list[Any] = [Pipeline]
    for step in path:
        found = [a for model in found for a in _step(model, step)]
    return sorted({name for model in found for name in model.model_fields})


def _step(model: type[BaseModel], step: str | int) -> list[type[BaseModel]]:
    if step in model.model_fields:
        return list(_models(model.model_fields[str(step)].annotation))
    return [model]  # a dict key, a list index or a union branch: the model stays


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
