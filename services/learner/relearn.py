"""Learning again what the log taught, beside the learner: every version comes out with the digest it had."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from adapters.learner_ports import PartitionLog
from models.assembly import pipeline_learner
from models.determinism import make_deterministic
from schemas.commands import Command
from schemas.contracts import Contracts
from schemas.errors import DependencyError
from schemas.examples import Examples, read_whole_log
from schemas.records import Records
from services.learner.core import step
from services.learner.effects import Candidate
from services.learner.history import RereadableLog
from services.learner.plan import Plan, plan_of
from services.learner.state import State, first_state

MOST_ROWS: Final = 4096
"""Rows read at once; with one cadence of examples and the learner itself, all that is held."""
_WAIT_S: Final = 0.5
_PATIENCE: Final = 60
"""Reads in a row that may bring nothing though the log goes on."""

Stretch = tuple[Examples, tuple[Command, ...]]
Tell = Callable[[int, int], None]
"""Is told the next offset to be read, and the one at which reading will end."""


def relearn(
    contracts: Contracts, log: PartitionLog, through: int | None = None, tell: Tell = lambda _next, _end: None
) -> Iterator[Candidate]:
    """Fold the examples log from its beginning with the learner's own core, into the versions that it makes.

    Nothing is published and no place is kept. Torch is bound to one thread for the whole process, since only so are
    the digests those that the learner announced.

    Parameters
    ----------
    contracts : Contracts
        Of the pipeline, as its file says now: versions of another file do not come out again.
    log : PartitionLog
        Of the examples. Used by nobody else meanwhile.
    through : int, optional
        Last offset to learn from; without it, the last that the log holds when this begins.
    tell : callable
        After each read.

    Yields
    ------
    Candidate
        By rising number, admitted and refused ones. Each comes as soon as its last example was learned, so whoever
        stops asking saves the rest.

    Raises
    ------
    DependencyError
        The log cannot be read now. May block half a minute before.
    ConfigurationError
        The pipeline's model cannot be served.
    """
    make_deterministic()
    plan, state = _beginning(contracts)
    behind = RereadableLog(log, contracts)
    for examples, commands in _stretches(contracts, behind, through, tell):
        state, _ = step(plan, state, examples[:0], commands)
        for first in range(0, len(examples), plan.cadence):
            state, effects = step(plan, state, examples[first : first + plan.cadence], history=behind)
            yield from (effect for effect in effects if isinstance(effect, Candidate))


def _beginning(contracts: Contracts) -> tuple[Plan, State]:
    # Checkpoints change nothing that is learned, and nobody here wants their bytes.
    plan = replace(plan_of(contracts.pipeline), checkpoint=sys.maxsize)
    return plan, first_state(plan, pipeline_learner(contracts.pipeline))


def _stretches(contracts: Contracts, log: PartitionLog, through: int | None, tell: Tell) -> Iterator[Stretch]:
    """Examples and commands as they are read; rows that cannot be learned from are left out, as the learner does."""
    bounds = log.end()
    end = bounds.next if through is None else min(bounds.next, through + 1)
    log.seek(bounds.first)
    place = bounds.first
    while place < end:
        records = _read(log)
        if not records.values:
            break
        place = min(end, int(records.offset_B[-1]) + 1)
        examples, commands, _ = read_whole_log(contracts, records)
        yield examples[np.flatnonzero(examples.offset_B < end)], tuple(c for c in commands if c.offset < end)
        tell(place, end)
    tell(end, end)


def _read(log: PartitionLog) -> Records:
    """Return the next records; none only at the end of the log, which markers of transactions put after the last."""
    for _ in range(_PATIENCE):
        records = log.read(MOST_ROWS, _WAIT_S)
        if records.values or log.is_at_end:
            return records
    raise DependencyError(f"{records.topic} gave nothing in {_PATIENCE * _WAIT_S:.0f} s.", "See `anabranch doctor`.")
