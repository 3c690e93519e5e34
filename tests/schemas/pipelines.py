"""Small pipelines for tests of the contracts."""

from __future__ import annotations

from typing import Any

from schemas.pipeline import Pipeline


def small_pipeline(name: str = "card-fraud", **changes: Any) -> Pipeline:
    """Make a pipeline with one number and one category of each policy; `changes` replace whole sections."""
    fields = {
        "card": {"type": "category", "missing": "reject"},
        "amount": {"type": "number", "range": [0.0, 0.1], "missing": "reject"},
        "shop": {"type": "category"},
        "age": {"type": "number", "range": [-10, 10]},
    }
    sections = {
        "pipeline": name,
        "request": {"entity": "card", "fields": fields},
        "events": {"payment": {"fields": fields}},
        "target": {"type": "binary"},
        "join": {"wait": "1h"},
    }
    return Pipeline.model_validate({**sections, **changes})
