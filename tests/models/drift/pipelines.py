"""A small pipeline whose windows are easy to count in."""

from __future__ import annotations

from typing import Any

from schemas.pipeline import Pipeline


def small_pipeline(**sections: Any) -> Pipeline:
    document: dict[str, Any] = {
        "pipeline": "small",
        "request": {
            "entity": "who",
            "fields": {
                "who": {"type": "category", "buckets": 64},
                "size": {"type": "number", "range": [0.0, 8.0]},
            },
        },
        "target": {"type": "binary"},
        "join": {"wait": 1000},
        "drift": {"window": 100, "reference": 2, "minimum": 20, "bins": 4},
    }
    return Pipeline.model_validate(document | sections)
