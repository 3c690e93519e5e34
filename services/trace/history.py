"""What the versions topic and the log of examples say of how examples became versions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from adapters.log_search import Stretch
from schemas.contracts import Contracts
from schemas.decoded import Columns
from schemas.examples import read_log
from schemas.records import Records
from services.trace.lineage import batch_of, last_before
from services.trace.sightings import Sighting
from services.trace.story import Batch, Version

_NAMES: Final = tuple(f.name for f in fields(Version))
Read = Callable[[Stretch], Iterator[Records]]


def versions_of(contracts: Contracts, topic: Iterable[Records]) -> dict[int, Version]:
    """All versions that were announced, by number; artefacts are let go of as soon as they are read."""
    found: dict[int, Version] = {}
    for records in topic:
        part = contracts.decode(records.values, ("Version",)).part("Version")
        if part is not None:
            found |= {v.number: v for v in (_version(part.columns, row) for row in range(len(part.row_N)))}
    return dict(sorted(found.items()))


def batches_of(
    contracts: Contracts, examples: Sequence[Sighting], versions: dict[int, Version], log: Stretch, read: Read
) -> dict[int, Batch]:
    """Minibatch of each example, by its offset; counting goes on from the newest version before it.

    Where the log no longer reaches back to where counting must begin, there is none.

    Parameters
    ----------
    log : Stretch
        What the log of examples holds.
    read : callable
        Yields records of a stretch of it.
    """
    found: dict[int, Batch] = {}
    for example in examples:
        before, offset = last_before(versions, example.place.offset), example.place.offset
        first, counted = (before.last_offset + 1, before.examples) if before else (0, 0)
        if first >= log.first:
            good = _good(contracts, read(Stretch(log.topic, log.partition, first, log.end)))
            batch = batch_of(offset, contracts.pipeline.learner.batch, counted, good)
            found |= {} if batch is None else {offset: batch}
    return found


def _good(contracts: Contracts, log: Iterator[Records]) -> Iterator[NDArray[np.int64]]:
    """Offsets of the examples that the learner learns from."""
    for records in log:
        yield read_log(contracts, records)[0].offset_B


def _version(columns: Columns, row: int) -> Version:
    values = {name: columns[name][row] for name in _NAMES}
    plain = {n: v.decode() if isinstance(v, bytes) else v.item() for n, v in values.items()}
    return Version(**{**plain, "gate": json.loads(plain["gate"])})
