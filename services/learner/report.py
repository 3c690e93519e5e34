"""What the learner says of itself: metrics, readiness and log lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from adapters.context import Context
from adapters.learner_ports import PartitionLog
from models.drift.event import Drift
from schemas.decoded import Fault
from schemas.errors import DependencyError, MissingModel
from schemas.records import Records
from services.learner.delivery import Delivery
from services.learner.effects import Candidate, Checkpoint, Reacted, Standing
from services.learner.freezing import reasons_of
from services.learner.gradients import GradientReport
from services.learner.state import State

_EVERY_S: Final = 1.0


class Report:
    """Counts as things happen; sets gauges once a second.

    Parameters
    ----------
    context : Context
        Of the process.
    steady_s : callable
        Seconds, steady.
    """

    def __init__(self, context: Context, steady_s: Callable[[], float]) -> None:
        self._context, self._steady_s = context, steady_s
        self._due_s = self._checkpoint_s = steady_s()
        self._next_offset, self._scored, self._caught_up = 0, 0, False
        self._trouble: DependencyError | MissingModel | None = None
        self._frozen: tuple[str, ...] = ()
        self._gradients = GradientReport(context.metrics)

    def read(self, records: Records) -> None:
        """Count what was read from the log."""
        if len(records.values):
            self._next_offset = int(records.offset_B[-1]) + 1
            self._context.metrics.count("rows_total", len(records.values), role="examples")

    def refused(self, faults: Sequence[Fault]) -> None:
        """Count dead letters."""
        for fault in faults:
            self._context.metrics.count("dead_letters_total", reason=fault.reason)
        self._context.log.warning("examples that cannot be learned", count=len(faults), first=faults[0].detail)

    def version(self, candidate: Candidate) -> None:
        """Count a version that was published or refused."""
        outcome = "published" if candidate.decision.admitted else "refused"
        self._context.metrics.count("versions_total", outcome=outcome)
        self._context.metrics.gauge("version_number", candidate.number)
        why = {"why": candidate.decision.reasons} if candidate.decision.reasons else {}
        self._context.log.info(f"version {outcome}", number=candidate.number, digest=candidate.digest[:12], **why)

    def reacted(self, reaction: Reacted) -> None:
        """Say what was done to the learner, and why; or why it was not."""
        told = {"why": reaction.why, "examples": reaction.examples}
        if reaction.trouble:
            self._context.log.warning(f"{reaction.action} was not done", trouble=reaction.trouble, **told)
        else:
            self._context.metrics.count("reactions_total", action=reaction.action)
            self._context.log.info(f"reacted: {reaction.action}", **told)

    def drift(self, drift: Drift) -> None:
        """Say what a detector on the errors has found."""
        if drift.state != "closed":
            self._context.metrics.count("drifts_total", source=drift.source, severity=drift.severity)
        told = {"id": drift.id, "error": round(drift.statistic, 4), "before": round(drift.threshold, 4)}
        self._context.log.info(f"the errors have risen: {drift.state}", **told)

    def put_back(self, version: Standing) -> None:
        """Say that the model store had lost its data."""
        self._context.metrics.count("restored_versions_total")
        self._context.log.warning(
            "the model store had lost the current version: it stands again",
            number=version.number,
            digest=version.digest[:12],
            cure="`anabranch store rebuild FILE` brings back the older ones",
        )

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Note that a checkpoint was written."""
        self._checkpoint_s = self._steady_s()
        self._context.log.debug("checkpoint", next_offset=checkpoint.offset, bytes=len(checkpoint.payload))

    def turn(self, state: State, log: PartitionLog, delivery: Delivery) -> None:
        """Say how things stand; asks the broker once a second."""
        self._caught_up |= log.is_at_end
        self._tell_trouble(delivery.trouble)
        if (now_s := self._steady_s()) < self._due_s:
            return
        self._due_s = now_s + _EVERY_S
        gauge = self._context.metrics.gauge
        gauge("learned_rows", state.place.examples)
        gauge("lag_rows", 0 if log.is_at_end else max(0, log.end().next - self._next_offset), role="examples")
        gauge("checkpoint_age_seconds", now_s - self._checkpoint_s)
        gauge("waiting_versions", delivery.versions)
        self._tell_frozen(reasons_of(state))
        self._gradients.tell(state.learner)
        if state.scores.windows != self._scored:
            self._scored = state.scores.windows
            self._score(state)

    def _score(self, state: State) -> None:
        for scorer, scores in state.scores.means().items():
            for name, value in scores.items():
                self._context.metrics.gauge("prequential_score", value, scorer=scorer, score=name)
        for quantile, seconds in state.scores.delays_s().items():
            self._context.metrics.gauge("label_delay_seconds", seconds, quantile=quantile)
        self._context.metrics.gauge("label_coverage_ratio", state.scores.coverage)

    def _tell_frozen(self, reasons: tuple[str, ...]) -> None:
        """Say once that learning stands still, and why, and once that it goes on."""
        self._context.metrics.gauge("frozen_ratio", float(bool(reasons)))
        if reasons and reasons != self._frozen:
            self._context.log.warning("learning is frozen; serving goes on", why=", ".join(reasons))
        elif self._frozen and not reasons:
            self._context.log.info("learning goes on", was=", ".join(self._frozen))
        self._frozen = reasons

    def _tell_trouble(self, trouble: DependencyError | MissingModel | None) -> None:
        """Readiness, and one log line when the store goes away or comes back."""
        if trouble is None:
            self._context.health.ready(self._caught_up, "" if self._caught_up else "reading what the log holds")
        else:
            self._context.health.ready(False, f"versions wait to be published: {trouble}")
        if (trouble is None) != (self._trouble is None):
            say = self._context.log.info if trouble is None else self._context.log.warning
            say(
                "the model store is back" if trouble is None else "versions wait to be published",
                why=str(trouble or ""),
            )
        self._trouble = trouble
