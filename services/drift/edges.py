"""Edges for the bins of a pipeline's columns, from what its log has of late."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from adapters.log_search import LogSearch, Passed, Stretch, every, unheard
from models.drift.edge_choice import Choice, choices_of
from models.drift.sketch import LABELS, PREDICTIONS, label_rows
from schemas.contracts import Contracts
from schemas.errors import DataError
from schemas.examples import read_log
from schemas.topics import Role, topic_name


def choose_edges(contracts: Contracts, log: LogSearch, rows: int, passed: Passed = unheard) -> tuple[Choice, ...]:
    """Choose edges for all numbers of the vector, and of the labels where there are any.

    Reads at most `rows` of the newest answers, equally many of each partition, then as many labelled ones. Blocks while
    it reads; memory is that of `rows` vectors.

    Raises
    ------
    DataError
        No answer with a vector is there.
    DependencyError
        Kafka is away, or there is no such topic.
    """
    pipeline = contracts.pipeline
    x_BF = _together(_vectors(contracts, log, rows, passed), contracts.layout.width)
    if not len(x_BF):
        topic = topic_name(pipeline.pipeline, "predictions")
        raise DataError(f"The newest records of {topic} hold no vector.", "Let the predictor answer requests first.")
    x_N3 = _together(_labels(contracts, log, rows, passed), 3)
    known = set(contracts.layout.names)
    of_labels = choices_of(pipeline, LABELS, x_N3) if len(x_N3) else ()
    return (*choices_of(pipeline, PREDICTIONS, x_BF), *(one for one in of_labels if one.column not in known))


def newest(stretches: Sequence[Stretch], rows: int) -> list[Stretch]:
    """Cut stretches to their ends, equally long, `rows` together.

    Examples
    --------
    >>> [len(s) for s in newest([Stretch("t", 0, 0, 100), Stretch("t", 1, 0, 3)], 20)]
    [10, 3]
    """
    each = rows // max(len(stretches), 1)
    return [Stretch(s.topic, s.partition, max(s.first, s.end - each), s.end) for s in stretches]


def as_yaml(choices: Iterable[Choice]) -> str:
    """Write the section for a pipeline file, with what it changes as comments.

    Examples
    --------
    >>> print(as_yaml([Choice("amount", (1.5, 4.0), 500, 0.98, 0.34), Choice("fee", (), 0, 0, 0)]), end="")
    drift:
      edges:
        # fullest bin: 98 % of 500 rows with equal widths, 34 % with these
        amount: [1.5, 4.0]
        # fee: no edges, for it is missing in every row
    """
    return "\n".join(["drift:", "  edges:", *(f"    {line}" for one in choices for line in _lines(one))]) + "\n"


def as_document(choices: Iterable[Choice]) -> list[dict[str, Any]]:
    """Write it for machines."""
    return [asdict(one) | {"matters": one.matters} for one in choices]


def _lines(one: Choice) -> Iterator[str]:
    if not one.edges:
        why = "has one value, at the end of its range" if one.rows else "is missing in every row"
        yield f"# {one.column}: no edges, for it {why}"
        return
    shares = f"{one.fullest_even:.0%} of {one.rows:,} rows with equal widths, {one.fullest:.0%} with these"
    hint = "" if one.matters else "; it may be left out"
    yield f"# fullest bin: {shares.replace('%', ' %')}{hint}"
    listed = yaml.safe_dump([*one.edges], default_flow_style=True, width=1 << 20).strip()
    yield f"{one.column}: {listed}"


def _vectors(contracts: Contracts, log: LogSearch, rows: int, passed: Passed) -> Iterator[NDArray[np.float32]]:
    width = contracts.layout.width
    for records in log.find(_newest(contracts, log, "predictions", rows), every, passed):
        part = contracts.decode(records.values, ("Prediction",)).part("Prediction")
        if part is not None:  # answers that were refused have no vector
            whole = [row for row in part.columns["features"] if len(row) == width]
            yield np.array(whole, np.float32).reshape(-1, width)


def _labels(contracts: Contracts, log: LogSearch, rows: int, passed: Passed) -> Iterator[NDArray[np.float32]]:
    for records in log.find(_newest(contracts, log, "examples", rows), every, passed):
        examples, _ = read_log(contracts, records)
        observed_B = examples.observed_B
        yield label_rows(examples.label_B[observed_B], examples.output_BK[observed_B])


def _newest(contracts: Contracts, log: LogSearch, role: Role, rows: int) -> list[Stretch]:
    return newest(log.stretches(topic_name(contracts.pipeline.pipeline, role)), rows)


def _together(parts: Iterable[NDArray[np.float32]], width: int) -> NDArray[np.float32]:
    return np.concatenate([np.zeros((0, width), np.float32), *parts])
