from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from models.drift.sketch import label_rows, labels_plan, predictions_plan
from models.drift.sketch_columns import SourceRows, sketch_columns
from schemas.contracts import Contracts, contracts_of
from schemas.records import Outgoing, Records
from stream_jobs.drift_watch.core import DriftWatch
from tests.models.drift.pipelines import small_pipeline
from tests.stream_jobs.drift_watch.traffic import DEAD_LETTERS, DRIFT, SKETCHES, drifts, sketches, small_contracts


def record(value: bytes | None) -> Records:
    return Records(
        SKETCHES, np.zeros(1, np.int32), np.zeros(1, np.int64), np.zeros(1, np.int64), [b"predictions"], [value], [()]
    )


def watch(
    contracts: Contracts, values: list[bytes], table: dict[bytes, bytes]
) -> tuple[list[Outgoing], dict[str, float]]:
    sent: list[Outgoing] = []
    counts: dict[str, float] = {}
    for value in values:
        answer = DriftWatch(contracts).handle(record(value), table, 0.0)
        sent += answer.records
        for key, entry in answer.writes.items():
            table.pop(key, None)
            table |= {key: entry} if entry is not None else {}
        counts = {name: counts.get(name, 0) + answer.counts.get(name, 0) for name in {*counts, *answer.counts}}
    return sent, counts


def test_a_shift_is_one_drift_record_that_says_what_to_do() -> None:
    contracts = small_contracts()
    sent, counts = watch(contracts, sketches(contracts, range(8), moved=5), {})
    assert [(out.topic, out.keys, out.partition) for out in sent] == [(DRIFT, [b"predictions:500"], 0)]
    drift = drifts(contracts, sent[0].values)[0]
    assert (drift["state"], drift["source"], drift["since"], drift["until"]) == (b"opened", b"predictions", 500, 600)
    assert drift["p_value"] < 0.01
    assert drift["window_counts"].sum() == 200
    assert drift["reference_counts"].sum() == drift["reference_rows"] == 400
    assert (drift["window_start"], drift["window_end"], drift["rows"]) == (500, 600, 200)
    assert (drift["severity"], drift["kind"], drift["test"]) == (b"act", b"covariate", b"psi")
    assert list(drift["columns"]) == [b"size"] or list(drift["columns"]) == ["size"]
    assert drift["statistics"].tolist() == [drift["statistic"]]
    assert drift["statistic"] > drift["threshold"] == 0.25
    assert drift["action"]
    assert counts["drifts_total:predictions:act"] == 1
    assert counts["closed_windows_total:predictions"] == 7
    assert counts["sketches_total"] == 16


def test_the_same_messages_again_say_nothing_new() -> None:
    contracts = small_contracts()
    table: dict[bytes, bytes] = {}
    values = sketches(contracts, range(8), moved=5)
    watch(contracts, values, table)
    before = table[b"small|predictions|700"]
    sent, counts = watch(contracts, values, table)
    assert sent == []
    assert table[b"small|predictions|700"] == before
    assert counts["late_rows_total:predictions"] == 7 * 200


def test_sketches_that_cannot_be_added_are_dead_letters() -> None:
    contracts = small_contracts()
    pipeline = contracts.pipeline
    finer = Contracts(
        pipeline.model_copy(update={"drift": pipeline.drift.model_copy(update={"bins": 8})}),
        [contracts.codec(name) for name in contracts.records],
    )
    longer = Contracts(
        pipeline.model_copy(update={"drift": pipeline.drift.model_copy(update={"window": 50})}),
        [contracts.codec(name) for name in contracts.records],
    )
    bad = [b"rubbish", *sketches(finer, [0], 9)[:1], *sketches(longer, [0], 9)[:1]]
    table: dict[bytes, bytes] = {}
    sent, counts = watch(contracts, bad, table)
    assert [out.topic for out in sent] == [DEAD_LETTERS] * 3
    assert {name: count for name, count in counts.items() if count} == {
        "dead_letters_total:bad_magic": 1,
        "dead_letters_total:unusable": 1,
        "dead_letters_total:bad_time": 1,
    }
    assert table == {}


def test_sketches_of_other_edges_or_ranges_are_dead_letters_and_those_that_do_not_say_have_equal_bins() -> None:
    contracts = small_contracts()
    drift = contracts.pipeline.drift.model_dump() | {"edges": {"size": [0.5, 1.0, 2.0]}}
    uneven = contracts_of(small_pipeline(topics={"partitions": 2}, drift=drift))
    size = {"type": "number", "range": [0.0, 9.0]}
    fields = {"who": {"type": "category", "buckets": 64}, "size": size}
    request = {"entity": "who", "fields": fields}
    wider = contracts_of(small_pipeline(topics={"partitions": 2}, request=request))
    columns = dict(contracts.decode(sketches(contracts, [0], 9)[:1], ("Sketch",)).parts[0].columns)
    silent = contracts.codec("Sketch").encode(columns | {"binning": np.zeros(1)})
    lost = contracts.codec("Sketch").encode(columns | {"binning": np.full(1, np.nan)})
    refused = {"dead_letters_total:unusable": 1}
    for reader, values, counts in (
        (contracts, sketches(uneven, [0], 9)[:1], refused),
        (uneven, sketches(contracts, [0], 9)[:1], refused),
        (contracts, sketches(wider, [0], 9)[:1], refused),
        (uneven, silent, refused),
        (contracts, lost, refused),
        (contracts, silent, {"sketches_total": 1}),
        (uneven, sketches(uneven, [0], 9)[:1], {"sketches_total": 1}),
    ):
        table: dict[bytes, bytes] = {}
        assert watch(reader, values, table)[1] == counts
        assert bool(table) == (counts != refused)


def test_reading_leaves_the_table_as_it_is() -> None:
    contracts = small_contracts()
    table: dict[bytes, bytes] = {}
    values = sketches(contracts, range(3), moved=9)
    watch(contracts, values, table)
    before = dict(table)
    DriftWatch(contracts).handle(replace(record(values[-1])), table, 0.0)
    assert table == before


def turned(contracts: Contracts, windows: range, since: int) -> list[bytes]:
    """Sketches of windows of 100 ms in which `size` goes with `weight`, and from `since` on against it."""
    plan, values = predictions_plan(contracts.pipeline), []
    for window in windows:
        random = np.random.default_rng(window)
        size_B = random.uniform(0, 8, 400)
        weight_B = 8 - size_B if window >= since else size_B
        x_BF = np.stack([np.arange(400) % 4, size_B, weight_B], axis=1).astype(np.float32)
        offset_B = np.arange(window * 400, (window + 1) * 400)
        id_B = np.array([f"request-{offset}".encode() for offset in offset_B])
        rows = SourceRows(offset_B % 2, offset_B, window * 100 + np.linspace(0, 99, 400), 2, id_B)
        values += contracts.codec("Sketch").encode(sketch_columns(plan, x_BF, rows))
    return values


def joint_contracts() -> Contracts:
    number = {"type": "number", "range": [0.0, 8.0]}
    fields = {"who": {"type": "category", "buckets": 64}, "size": number, "weight": number}
    drift = {"window": 100, "reference": 2, "minimum": 20, "joint": {"rows": 128}}
    request = {"entity": "who", "fields": fields}
    return contracts_of(small_pipeline(request=request, drift=drift, topics={"partitions": 2}))


def test_samples_travel_with_the_sketches_and_lead_to_a_joint_drift() -> None:
    contracts = joint_contracts()
    sent, _ = watch(contracts, turned(contracts, range(7), since=4), {})
    drift = drifts(contracts, sent[0].values)[0]
    assert (drift["kind"], drift["test"], drift["since"]) == (b"joint", b"mmd", 400)


def test_sketches_from_before_there_were_rules_and_slices_still_count() -> None:
    before = small_contracts()
    rule = {"type": "expect_column_values_to_not_be_null", "column": "size"}
    drift = {"window": 100, "reference": 2, "minimum": 20, "bins": 4, "expectations": [rule], "slices": {"who": ["x"]}}
    after = contracts_of(small_pipeline(topics={"partitions": 2}, drift=drift))
    x_N3 = label_rows(np.array([0.0, 1.0]), np.full((2, 1), 0.5, np.float32))
    rows = SourceRows(np.zeros(2, np.int64), np.arange(2), np.full(2, 10.0), 1)
    labels = before.codec("Sketch").encode(sketch_columns(labels_plan(before.pipeline), x_N3, rows))
    table: dict[bytes, bytes] = {}
    sent, counts = watch(after, [*sketches(before, range(1), moved=9), *labels], table)
    assert (sent, counts["sketches_total"]) == ([], 3)
    entries = [json.loads(table[key]) for key in (b"small|predictions|0", b"small|labels|0")]
    assert entries[0]["counts"][-5:] == [0, 0, 0, 0, 200], "the rule was not asked"
    assert entries[1]["counts"][-15:] == [0, 0, 0, 0, 2] * 3, "x, other, missing"
    assert [len(entry["outside"]) for entry in entries] == [3, 6]
    number, squares = 2 * 10**5, 10**11  # of 200 sizes that are not all 0
    assert entries[0]["moments"][1::2] == [0, 0], "the rule was not asked"
    assert entries[0]["moments"][0] > number
    assert entries[0]["moments"][2] > squares
    half = (1 << 20) // 2
    assert entries[1]["moments"] == [2 * half, 2 * half, 0, 0, 0, 2 * half**2, 2 * half**2, 0, 0, 0]


def test_a_batch_that_spans_many_windows_loses_none_of_its_rows() -> None:
    contracts, plan = small_contracts(), predictions_plan(small_contracts().pipeline)
    x_BF = np.tile(np.array([[1, 2]], np.float32), (800, 1))
    rows = SourceRows(np.arange(800) % 2, np.arange(800), np.arange(800.0), 2)
    _, counts = watch(contracts, contracts.codec("Sketch").encode(sketch_columns(plan, x_BF, rows)), {})
    assert "late_rows_total:predictions" not in counts
    assert counts["closed_windows_total:predictions"] == 7


def test_a_sample_of_other_columns_is_a_dead_letter() -> None:
    wide, table = joint_contracts(), dict[bytes, bytes]()
    columns = wide.decode(turned(wide, range(1), 9)[:1], ("Sketch",)).parts[0].columns
    columns["sample"][0] = columns["sample"][0][:-3]
    sent, counts = watch(wide, wide.codec("Sketch").encode(columns), table)
    assert (counts, table) == ({"dead_letters_total:unusable": 1}, {})
    assert [out.topic for out in sent] == [DEAD_LETTERS]


def test_sums_of_other_columns_are_a_dead_letter() -> None:
    contracts, table = small_contracts(), dict[bytes, bytes]()
    columns = contracts.decode(sketches(contracts, range(1), moved=9)[:1], ("Sketch",)).parts[0].columns
    columns["moments"][0] += bytes(16)
    sent, counts = watch(contracts, contracts.codec("Sketch").encode(columns), table)
    assert (counts, table) == ({"dead_letters_total:unusable": 1}, {})
    assert [out.topic for out in sent] == [DEAD_LETTERS]


def test_sums_that_no_rows_have_are_a_dead_letter_and_not_the_end() -> None:
    contracts, table = small_contracts(), dict[bytes, bytes]()
    columns = contracts.decode(sketches(contracts, range(1), moved=9)[:1], ("Sketch",)).parts[0].columns
    sums = columns["moments"][0]
    columns["moments"][0] = sums[: len(sums) // 2] + bytes(len(sums) // 2)  # squares of 0: a negative variance
    sent, counts = watch(contracts, contracts.codec("Sketch").encode(columns), table)
    assert (counts, table) == ({"dead_letters_total:unusable": 1}, {})
    assert [out.topic for out in sent] == [DEAD_LETTERS]


def test_a_sketch_of_labels_from_before_errors_were_sketched_still_counts() -> None:
    contracts = small_contracts()
    plan = labels_plan(contracts.pipeline)
    x_N3 = label_rows(np.array([0.0, 1.0, 1.0]), np.full((3, 1), 0.5, np.float32))
    rows = SourceRows(np.zeros(3, np.int64), np.arange(3), np.full(3, 10.0), 1)
    columns = dict(sketch_columns(plan, x_N3, rows))
    columns["counts"] = columns["counts"][:, : plan.size * 2 // 3]
    del columns["outside"], columns["moments"]
    table: dict[bytes, bytes] = {}
    sent, counts = watch(contracts, contracts.codec("Sketch").encode(columns), table)
    assert (sent, counts["sketches_total"]) == ([], 1)
    entry = json.loads(table[b"small|labels|0"])
    assert entry["counts"][-(plan.bins + 1) :] == [0] * plan.bins + [3], "its errors are missing"
    assert len(entry["counts"]) == plan.size
    assert "moments" not in entry
