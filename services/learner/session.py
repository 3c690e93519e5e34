"""One life of the learner: from its checkpoint along the log, until it is told to stop or a dependency fails."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.context import Context
from adapters.learner_ports import PartitionLog
from models.assembly import pipeline_learner
from schemas.dead_letters import dead_letters
from schemas.decoded import Fault
from schemas.examples import read_whole_log
from schemas.records import Records
from services.learner.announcing import predecessor_of
from services.learner.core import checkpoint_of, step
from services.learner.delivery import Delivery
from services.learner.effects import Candidate, Checkpoint, DriftFound, Effect, Reacted, Refused
from services.learner.history import Interrupted, RereadableLog
from services.learner.outbox import Outbox, Surroundings
from services.learner.plan import plan_of
from services.learner.report import Report
from services.learner.state import State, decode_state, first_state

MOST_ROWS: Final = 4096
"""Rows read at once: bounds how long a stop waits for the end of a step."""
_WAIT_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Ties:
    """What a session stands on; all of it is thrown away together."""

    log: PartitionLog
    around: Surroundings


class Session:
    """Reads, learns, performs; restores itself when made.

    Parameters
    ----------
    context : Context
        Of the process.
    ties : Ties
        Open, and used by nobody else.

    Raises
    ------
    ConfigurationError
        The pipeline file no longer fits the checkpoint.
    DataError
        The log is not the one that the checkpoint was made from.
    """

    def __init__(self, context: Context, ties: Ties) -> None:
        self._context, self._around = context, ties.around
        self._log = RereadableLog(ties.log, context.contracts, self._live_on)
        self._plan = plan_of(context.pipeline)
        self._state = self._restored()
        place = self._state.place
        announced = self._around.announcer.announced(max(0, place.parent - 1))
        outbox = Outbox(self._around, predecessor_of(context.contracts, announced))
        self._told, self._delivery = outbox.told, Delivery(outbox)
        self._log.seek(place.next_offset if place.examples else self._log.end().first)
        self._report = Report(context, self._around.steady_s)

    def run(self) -> None:
        """Learn until told to stop; then leave a checkpoint if nothing waits before it."""
        with self._delivery:
            try:
                self._learn_on()
            except Interrupted:
                self._context.log.info("left in the midst of retraining: it begins anew from the last checkpoint")
            else:
                self._leave()

    def _learn_on(self) -> None:
        while not self._context.stop.is_set():
            self._beat()
            if self._delivery.has_room(_WAIT_S):
                self._turn(self._log.read(MOST_ROWS, _WAIT_S))
            self._collect()
            self._report.turn(self._state, self._log, self._delivery)

    def _live_on(self) -> None:
        """Retraining takes its time: show that it goes on, and break it off if the process is to stop."""
        self._beat()
        if self._context.stop.is_set():
            raise Interrupted

    def _beat(self) -> None:
        """Say that learning goes on; not while what it asked for hangs, which only an end of the process mends."""
        if not self._delivery.is_hung:
            self._context.health.beat()

    def _turn(self, records: Records) -> None:
        examples, commands, faults = read_whole_log(self._context.contracts, records)
        if faults:
            self._refuse(records, faults)
        self._state, effects = step(self._plan, self._state, examples, commands, self._log)
        self._delivery.put(effects)
        self._report.read(records)

    def _refuse(self, records: Records, faults: tuple[Fault, ...]) -> None:
        """Send what a predecessor has not sent to the dead letters."""
        unsent = tuple(fault for fault in faults if records.offset_B[fault.row] >= self._told)
        if unsent:
            letters = dead_letters(self._context.contracts, records, unsent, "learner", self._around.now_ms())
            self._told = int(records.offset_B[unsent[-1].row]) + 1
            self._delivery.put([Refused(letters, self._told, unsent)])

    def _collect(self) -> None:
        for effect in self._delivery.collect():
            self._tell(effect)

    def _tell(self, effect: Effect) -> None:
        if isinstance(effect, Candidate):
            self._report.version(effect)
        elif isinstance(effect, Checkpoint):
            self._report.checkpoint(effect)
        elif isinstance(effect, Reacted):
            self._report.reacted(effect)
        elif isinstance(effect, Refused):
            self._report.refused(effect.faults)
        elif isinstance(effect, DriftFound):
            self._report.drift(effect.drift)
        else:
            self._report.put_back(effect)

    def _leave(self) -> None:
        self._delivery.put([checkpoint_of(self._plan, self._state)])
        all_done = self._delivery.finish()
        self._collect()
        if not all_done:
            self._context.log.warning("left with versions unpublished; they are learned again from the last checkpoint")

    def _restored(self) -> State:
        learner = pipeline_learner(self._context.pipeline)
        found = self._around.folder.load(self._say_corrupted)
        if found is None:
            self._context.log.info("no checkpoint: learning from the beginning of the log")
            return first_state(self._plan, learner)
        self._context.log.info("restored", next_offset=found.offset)
        return decode_state(self._plan, learner, found.payload)

    def _say_corrupted(self, file: Path) -> None:
        self._context.log.warning("a checkpoint is not what its digest says: taking the one before", file=str(file))
