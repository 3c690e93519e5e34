"""The pipeline file of the flights agrees with its source."""

from __future__ import annotations

from pathlib import Path

from pipelines import flights
from pipelines.flights import events
from schemas.pipeline import Pipeline
from schemas.pipeline_file import parse_pipeline

FILE = Path(flights.__file__).with_name("flights.yaml")


def pipeline() -> Pipeline:
    return parse_pipeline(FILE.read_text(encoding="utf-8"), FILE.name)


def test_every_event_has_exactly_the_fields_of_the_file_within_their_ranges() -> None:
    described = {name: event.fields for name, event in pipeline().events.items()}
    described["request"] = pipeline().request.fields
    met = set()
    for event in events(10.0):
        if event.kind == "label":
            continue
        met.add(event.record)
        fields = described[event.record]
        assert event.fields.keys() == fields.keys()
        for name, value in event.fields.items():
            field = fields[name]
            if field.type == "number":
                assert isinstance(value, float)
                assert value != value or field.range[0] <= value <= field.range[1]
            else:
                assert isinstance(value, str)
    assert met == described.keys()
