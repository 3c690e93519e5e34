"""A vector as served, column by column: by name, and where each came from. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from schemas.layout import EntityKind, Layout, WindowColumn
from services.trace.story import Feature, Window


def features_of(layout: Layout, vector: Sequence[float], request: Mapping[str, Any]) -> tuple[Feature, ...]:
    """Name the columns of a vector.

    Parameters
    ----------
    layout : Layout
        Of the pipeline file as it is now.
    vector : sequence of float, length F
        NaN where missing; nothing comes back for one of another width, whose meaning nobody knows any more.
    request : mapping
        Fields of the request, for the text behind codes and keys; empty if it is no longer there.
    """
    if len(vector) != layout.width:
        return ()
    values = [None if math.isnan(value) else float(value) for value in vector]
    asked = [
        Feature(c.name, value, _text(request.get(c.name)) if c.buckets else None, None)
        for c, value in zip(layout.request, values, strict=False)
    ]
    columns = [(kind, column) for kind in layout.kinds for column in kind.columns]
    read = [
        Feature(column.name, value, None, _window(kind, column, request))
        for (kind, column), value in zip(columns, values[len(asked) :], strict=True)
    ]
    return (*asked, *read)


def _window(kind: EntityKind, column: WindowColumn, request: Mapping[str, Any]) -> Window:
    entity = tuple(_text(request.get(name)) for name in kind.request_fields)
    return Window(column.event, column.value, column.aggregate, column.span_ms, kind.request_fields, entity)


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)
