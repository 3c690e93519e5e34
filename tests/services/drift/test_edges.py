"""Edges chosen from the log: of its newest vectors and labels, whatever else it holds."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from adapters.log_search_memory import MemoryLogSearch
from adapters.memory_broker import MemoryBroker
from models.drift.edge_choice import Choice
from schemas.contracts import Contracts, contracts_of
from schemas.errors import DataError
from services.drift.edges import as_document, as_yaml, choose_edges
from tests.models.drift.pipelines import small_pipeline
from tests.stream_jobs.label_join.traffic import PREDICTIONS, Answer, encode_answers

EXAMPLES = "small.examples.v1"


def answers(contracts: Contracts, size_B: np.ndarray) -> list[bytes]:
    x_B2 = np.stack([np.zeros(len(size_B)), size_B], axis=1).astype(np.float32)
    return encode_answers(contracts, [Answer(f"r{i}", float(i)) for i in range(len(size_B))], x_B2)


def examples(contracts: Contracts, output_B: np.ndarray) -> list[bytes]:
    """Labels of 0; the last one is a default, which nobody gave."""
    rows = len(output_B)
    whole = {name: np.zeros(rows, np.int64) for name in ("version", "partition", "prediction_offset", "label_offset")}
    codes = {name: np.zeros(rows, np.uint8) for name in ("status", "origin")}
    codes["origin"][-1] = 1
    times = {name: np.arange(rows, dtype=np.float64) for name in ("request_time", "label_time")}
    vectors = {"features": np.zeros((rows, 2), np.float32), "output": output_B[:, None].astype(np.float32)}
    texts = {"request_id": np.full(rows, b"r"), "digest": np.full(rows, bytes(32), "V32")}
    return contracts.codec("Example").encode(whole | codes | times | vectors | texts | {"label": np.zeros(rows)})


def log_of(contracts: Contracts, sizes: list[np.ndarray], output_B: np.ndarray | None = None) -> MemoryLogSearch:
    broker = MemoryBroker({PREDICTIONS: max(len(sizes), 1), EXAMPLES: 1})
    for partition, size_B in enumerate(sizes):
        broker.send(PREDICTIONS, answers(contracts, size_B), partition=partition)
    if output_B is not None:
        broker.send(EXAMPLES, examples(contracts, output_B))
    return MemoryLogSearch(broker)


def skewed(rows: int, seed: int = 0) -> np.ndarray:
    return np.minimum(np.random.default_rng(seed).lognormal(-3, 1, rows), 7.9)


def test_vectors_and_labels_of_the_log_give_edges_that_the_file_takes() -> None:
    contracts = contracts_of(small_pipeline())
    log = log_of(contracts, [skewed(300), skewed(300, 1)], np.append(skewed(100) / 8, 0.99))
    choices = choose_edges(contracts, log, 10_000)
    assert [(one.column, one.rows, len(one.edges)) for one in choices] == [
        ("size", 600, 3),
        ("output", 100, 3),
        ("error", 100, 3),
    ]
    section = yaml.safe_load(as_yaml(choices))["drift"]
    assert small_pipeline(drift={"bins": 4} | section).drift.edges == {one.column: one.edges for one in choices}
    assert [one["matters"] for one in as_document(choices)] == [True] * 3


def test_only_the_newest_rows_are_read_equally_many_of_each_partition() -> None:
    contracts = contracts_of(small_pipeline())
    old, new = np.full(500, 1.0), np.linspace(4, 6, 50)
    told: list[tuple[int, int]] = []
    log = log_of(contracts, [np.append(old, new)] * 2)
    (size,) = choose_edges(contracts, log, 100, lambda done, of: told.append((done, of)))
    assert size.rows == 100
    assert min(size.edges) > 4
    assert told[0] == (100, 100)


def test_rubbish_and_answers_without_a_vector_are_passed_over() -> None:
    contracts = contracts_of(small_pipeline())
    broker = MemoryBroker({PREDICTIONS: 1, EXAMPLES: 1})
    refused = encode_answers(contracts, [Answer("x", 0.0)], np.zeros((1, 0), np.float32))
    broker.send(PREDICTIONS, [b"rubbish", *refused, *answers(contracts, skewed(200)), *refused])
    broker.send(EXAMPLES, [b"rubbish"])
    (size,) = choose_edges(contracts, MemoryLogSearch(broker), 1000)
    assert size.rows == 200


@pytest.mark.parametrize("values", [[], [b"rubbish"]])
def test_a_log_without_vectors_is_told(values: list[bytes]) -> None:
    contracts = contracts_of(small_pipeline())
    broker = MemoryBroker({PREDICTIONS: 1, EXAMPLES: 1})
    broker.send(PREDICTIONS, values)
    with pytest.raises(DataError, match=r"hold no vector.*Let the predictor answer"):
        choose_edges(contracts, MemoryLogSearch(broker), 1000)


def test_columns_without_edges_and_those_that_need_none_are_told_apart() -> None:
    text = as_yaml(
        [Choice("fee", (), 0, 0.0, 0.0), Choice("top", (), 9, 1.0, 1.0), Choice("hour", (6.0, 18.0), 90, 0.4, 0.34)]
    )
    assert "# fee: no edges, for it is missing in every row" in text
    assert "# top: no edges, for it has one value, at the end of its range" in text
    assert "34 % with these; it may be left out" in text
    assert yaml.safe_load(text) == {"drift": {"edges": {"hour": [6.0, 18.0]}}}
