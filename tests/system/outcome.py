"""What a run left in the topics, as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adapters.tail import Tail
from schemas.codec_rows import concatenated
from schemas.contracts import Contracts
from schemas.decoded import Columns
from schemas.topics import Role, topic_name
from schemas.versions import is_thinned


@dataclass(frozen=True, slots=True)
class Outcome:
    """All records of the topics that tell what happened; each as columns, empty if there are none."""

    predictions: Columns
    examples: Columns
    versions: Columns
    dead_letters: Columns
    drifts: Columns


def read_outcome(contracts: Contracts, bootstrap: str) -> Outcome:
    """Read the topics from the beginning to their present end."""
    return Outcome(
        read_records(contracts, bootstrap, "predictions", "Prediction"),
        read_records(contracts, bootstrap, "examples", "Example"),
        read_versions(contracts, bootstrap),
        read_records(contracts, bootstrap, "dead-letters", "DeadLetter"),
        read_records(contracts, bootstrap, "drift", "Drift"),
    )


def read_versions(contracts: Contracts, bootstrap: str) -> Columns:
    """Read the versions as they were announced: a record that takes away an artefact is no version."""
    columns = read_records(contracts, bootstrap, "versions", "Version")
    whole_B = ~is_thinned(columns) if columns else np.empty(0, np.bool_)
    return {name: column[whole_B] for name, column in columns.items()}


def read_records(contracts: Contracts, bootstrap: str, role: Role, record: str) -> Columns:
    """Read one record's columns from a whole topic, in log order for each partition."""
    found: list[Columns] = []
    welcome = (record, "Replayed") if role == "dead-letters" else (record,)
    with Tail(bootstrap, [topic_name(contracts.pipeline.pipeline, role)]) as tail:
        while not tail.is_at_end:
            for records in tail.read(timeout_s=0.5):
                decoded = contracts.decode(records.values, welcome)
                assert not decoded.faults, decoded.faults[:3]
                found += [part.columns for part in decoded.parts if part.name == record]
    return {name: concatenated([columns[name] for columns in found]) for name in (found[0] if found else ())}


def ordered_by_id(columns: Columns) -> Columns:
    """Rows sorted by request id, so that runs can be compared row by row."""
    order = np.argsort(columns["request_id"], kind="stable")
    return {name: column[order] for name, column in columns.items()}
