"""Every key of a pipeline file, from the classes that check it."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from docs.reference_pages.markdown import code, page, table
from schemas.durations import format_duration, parse_duration
from schemas.pipeline import Pipeline

BOUNDS: dict[type, str] = {Ge: "≥", Gt: ">", Le: "≤", Lt: "<"}
PLAIN = {int: "whole number", float: "number", str: "text", bool: "true or false"}


Section = type[BaseModel]


def pipeline_keys() -> str:
    """Sections in the order in which the file's keys lead to them, each under the first path to it."""
    intro = (
        "`anabranch pipelines check FILE` checks a file against all of this and names every fault with its line."
        " A duration is a whole number and a unit: `500ms`, `30s`, `15m`, `2h`, `1d`."
    )
    paths = _paths(Pipeline, "top level", {})
    return page("Keys of a pipeline file", intro, *(b for model in paths for b in _section(model, paths)))


def _paths(model: Section, path: str, found: dict[Section, str]) -> dict[Section, str]:
    if model in found:
        return found
    found[model] = path
    for name, field in model.model_fields.items():
        for child in _children(field.annotation):
            inner = name if model is Pipeline else f"{path}.{name}"
            _paths(child, f"{inner} ({_tag(child)})" if _tag(child) else inner, found)
    return found


def _tag(model: Section) -> str:
    """Value of `type` or `policy` that chooses this class among several."""
    chosen = (field for name, field in model.model_fields.items() if name in ("type", "policy"))
    values = [get_args(field.annotation) for field in chosen]
    return str(values[0][0]) if values and len(values[0]) == 1 else ""


def _children(annotation: Any) -> Iterator[Section]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _children(argument)


def _anchor(path: str) -> str:
    return re.sub(r"[^a-z_]+", "-", path).strip("-")


def _section(model: Section, paths: dict[Section, str]) -> list[str]:
    rows = ([code(n), _Types(paths).of(f.annotation, f.metadata), _default(f)] for n, f in model.model_fields.items())
    head = f"## {paths[model]} {{#{_anchor(paths[model])}}}"
    return [head, inspect.getdoc(model) or "", table(["key", "value", "default"], rows)]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if value is PydanticUndefined or isinstance(value, BaseModel) or value in ((), [], {}, "", None):
        return "–"
    return code(format_duration(value) if _is_duration(field.metadata) else yaml.safe_dump(value).split("\n")[0])


def _is_duration(metadata: list[Any]) -> bool:
    return any(isinstance(m, BeforeValidator) and m.func is parse_duration for m in metadata)


@dataclass(frozen=True, slots=True)
class _Types:
    """How types are written; sections as links."""

    paths: dict[Section, str]

    def of(self, annotation: Any, metadata: list[Any]) -> str:
        if _is_duration(metadata):
            return "duration"
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self.of(arguments[0], list(_flat(arguments[1:])))
        if origin is Literal:
            return " or ".join(code(str(a)) for a in arguments)
        if origin in (Union, types.UnionType):
            return " or ".join(self.of(a, []) for a in arguments if a is not type(None))
        if origin is dict:
            return f"mapping of names to {self.of(arguments[1], [])}"
        if origin in (list, tuple):
            return self._sequence(origin, arguments)
        if annotation in self.paths:
            return f"[{self.paths[annotation]}](#{_anchor(self.paths[annotation])})"
        bounds = ", ".join(f"{BOUNDS[type(m)]} {_limit(m)}" for m in metadata if type(m) in BOUNDS)
        return f"{PLAIN[annotation]} {bounds}".strip()

    def _sequence(self, origin: type, arguments: tuple[Any, ...]) -> str:
        if origin is tuple and Ellipsis not in arguments:
            return f"[{', '.join(self.of(a, []) for a in arguments)}]"
        return f"list of {self.of(arguments[0], [])}"


def _flat(metadata: tuple[Any, ...]) -> Iterator[Any]:
    for item in metadata:
        yield from item.metadata if isinstance(item, FieldInfo) else [item]


def _limit(bound: Any) -> str:
    return str(next(getattr(bound, name) for name in ("ge", "gt", "le", "lt") if hasattr(bound, name)))
