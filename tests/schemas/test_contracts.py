"""Every row of a topic is a value that the pipeline file allows, or one fault that says why not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from schemas.contracts import Contracts, contracts_of
from schemas.dead_letters import REASONS, dead_letters
from schemas.decoded import Fault
from schemas.errors import ConfigurationError, SchemaIncompatible
from schemas.generated import all_schemas
from schemas.records import Records
from schemas.static_ids import static_id
from tests.schemas.pipelines import small_pipeline

CONTRACTS = contracts_of(small_pipeline())
REQUEST: dict[str, Any] = {
    "request_time": 1.0,
    "amount": np.float32(0.1),
    "age": np.float32(1),
    "card": b"c",
    "shop": b"s",
    "request_id": b"r",
}
LABEL: dict[str, Any] = {"label_time": 1.0, "value": 1.0, "request_id": b"r", "labeller": b""}


def _encoded(contracts: Contracts, record: str, row: dict[str, Any]) -> bytes:
    return contracts.codec(record).encode({name: np.array([value]) for name, value in row.items()})[0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"age": np.float32("nan")}, None),
        ({"shop": b""}, None),
        ({"amount": np.float32(0.10001)}, "out_of_range"),
        ({"amount": np.float32("inf")}, "out_of_range"),
        ({"age": -np.float32("inf")}, "out_of_range"),
        ({"amount": np.float32("nan")}, "missing_value"),
        ({"card": b""}, "missing_value"),
        ({"card": b"c" * 257}, "too_long"),
        ({"request_id": b""}, "bad_id"),
        ({"request_time": float("nan")}, "bad_time"),
        ({"request_time": float("-inf")}, "bad_time"),
        ({"request_time": 1e300}, "bad_time"),
    ],
)
def test_a_request_is_judged_by_the_pipeline_file(change: dict[str, Any], reason: str | None) -> None:
    schema = CONTRACTS.codec("Request").schema
    lenient = {**schema, "fields": [{k: v for k, v in f.items() if k != "max_bytes"} for f in schema["fields"]]}
    writer = type(CONTRACTS.codec("Request"))(lenient, CONTRACTS.codec("Request").schema_id)
    value = writer.encode({name: np.array([v]) for name, v in {**REQUEST, **change}.items()})[0]
    decoded = CONTRACTS.decode([value], ("Request",))
    assert [f.reason for f in decoded.faults] == ([] if reason is None else [reason])
    assert (decoded.part("Request") is None) == (reason is not None)


@pytest.mark.parametrize(
    ("target", "good", "bad"),
    [
        ({"type": "binary"}, [0, 1], [-1, 2, 0.5]),
        ({"type": "multiclass", "classes": 3}, [0, 2], [3, 1.5]),
        ({"type": "regression", "range": [0, 1]}, [-5, 0.5, 5], []),
    ],
)
def test_a_label_must_be_one_of_the_target(target: dict[str, Any], good: list[float], bad: list[float]) -> None:
    contracts = contracts_of(small_pipeline(target=target))
    values = [*good, *bad, float("nan"), float("inf")]
    rows = [_encoded(contracts, "Label", {**LABEL, "value": float(v)}) for v in values]
    decoded = contracts.decode(rows, ("Label", "Progress"))
    part = decoded.part("Label")
    assert part is not None
    assert part.row_N.tolist() == list(range(len(good)))
    assert {f.reason for f in decoded.faults} == {"bad_label"}
    assert [f.row for f in decoded.faults] == list(range(len(good), len(values)))


def test_records_of_one_topic_come_apart_and_keep_their_places() -> None:
    label, progress = _encoded(CONTRACTS, "Label", LABEL), _encoded(CONTRACTS, "Progress", {"event_time": 5.0})
    decoded = CONTRACTS.decode([progress, label, None, progress], ("Label", "Progress"))
    assert {p.name: p.row_N.tolist() for p in decoded.parts} == {"Label": [1], "Progress": [0, 3]}
    assert [(f.row, f.reason) for f in decoded.faults] == [(2, "no_value")]


def test_a_record_on_another_topic_is_told_from_an_unknown_one() -> None:
    label = _encoded(CONTRACTS, "Label", LABEL)
    unknown = b"\0\0\0\0\1" + label[5:]
    decoded = CONTRACTS.decode([label, unknown], ("Request",))
    assert [f.reason for f in decoded.faults] == ["wrong_record", "unknown_schema"]


def test_what_is_refused_for_its_values_can_still_be_answered() -> None:
    value = _encoded(CONTRACTS, "Request", {**REQUEST, "amount": np.float32(7)})
    (refused,) = CONTRACTS.decode([value], ("Request",)).refused
    assert refused.columns["request_id"].tolist() == [b"r"]


def test_dead_letters_hold_the_whole_event_and_where_it_came_from() -> None:
    headers = ((("a", b"1"), ("a", b"2")), (), ())
    records = Records(
        "t",
        np.array([3] * 3, np.int32),
        np.arange(7, 10),
        np.zeros(3, np.int64),
        [b"k", None, b"x"],
        [b"v", None, b"y"],
        headers,
    )
    faults = [Fault(0, "too_short", "zero \0 byte"), Fault(1, "no_value", "x" * 9999)]
    out = dead_letters(CONTRACTS, records, faults, "predictor", 12.0)
    part = CONTRACTS.decode(out.values, ("DeadLetter",)).parts[0]
    assert out.topic == "card-fraud.dead-letters.v1"
    assert out.keys == [b"t/3/7", b"t/3/8"]
    assert {n: c.tolist() for n, c in part.columns.items() if n not in ("detail", "at")} == {
        "topic": [b"t", b"t"],
        "partition": [3, 3],
        "offset": [7, 8],
        "reason": [b"too_short", b"no_value"],
        "process": [b"predictor", b"predictor"],
        "key": [b"k", b""],
        "value": [b"v", b""],
        "headers": [{"a": b"1", "a#2": b"2"}, {}],
    }


def test_a_reason_outside_the_set_is_our_bug() -> None:
    records = Records("t", np.zeros(1, np.int32), np.zeros(1, np.int64), np.zeros(1, np.int64), [None], [None], [()])
    assert "whatever" not in REASONS
    with pytest.raises(AssertionError, match="whatever"):
        dead_letters(CONTRACTS, records, [Fault(0, "whatever", "")], "p", 0.0)


def test_what_a_former_schema_wrote_comes_as_the_present_one_has_it() -> None:
    old = contracts_of(small_pipeline())
    fields = {**small_pipeline().model_dump()["request"]["fields"], "tip": {"type": "number", "range": [0, 1]}}
    fields.pop("shop")
    grown = small_pipeline(request={"entity": "card", "fields": fields})
    former = [(static_id(s), s) for s in all_schemas(old.pipeline).values()]
    new = contracts_of(grown, former=former)
    was = {**REQUEST, "request_id": b"longer id"}
    now = {**{k: v for k, v in REQUEST.items() if k != "shop"}, "tip": np.float32(0.5)}
    values = [_encoded(old, "Request", was), _encoded(new, "Request", now), _encoded(old, "Request", REQUEST)]
    decoded = new.decode(values, ("Request",))
    part = decoded.part("Request")
    assert not decoded.faults
    assert part is not None
    assert part.row_N.tolist() == [0, 1, 2]
    assert part.columns["request_id"].tolist() == [b"longer id", b"r", b"r"]
    np.testing.assert_array_equal(part.columns["tip"], np.array([np.nan, 0.5, np.nan], np.float32))
    assert "shop" not in part.columns


def test_a_past_that_cannot_be_read_is_refused_at_the_start() -> None:
    former = [(static_id(s), s) for s in all_schemas(small_pipeline()).values()]
    fields = {**small_pipeline().model_dump()["request"]["fields"], "amount": {"type": "category"}}
    changed = small_pipeline(request={"entity": "card", "fields": fields})
    with pytest.raises(SchemaIncompatible, match="'amount' was float and is now string"):
        contracts_of(changed, former=former)


def test_ids_of_a_registry_are_what_messages_carry() -> None:
    ids = {name: i for i, name in enumerate(all_schemas(small_pipeline()), start=100)}
    contracts = contracts_of(small_pipeline(), ids)
    assert int.from_bytes(_encoded(contracts, "Label", LABEL)[1:5], "big") == ids["Label"]
    with pytest.raises(ConfigurationError, match="same schema id"):
        contracts_of(small_pipeline(), dict.fromkeys(ids, 1))
