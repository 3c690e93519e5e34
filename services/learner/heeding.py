"""Telling the learner what the fold has found out. Pure: told at the same place in the log, it is told the same."""

from __future__ import annotations

from models.gate_court import Court, Regime
from models.protocol import Heeding, ServableLearner
from services.learner.effects import Candidate

NO_REGIME = Regime(0, ())


def regime_of(court: Court | None) -> Regime:
    """Find the present regime."""
    return NO_REGIME if court is None else court.regime


def tell_regime(learner: ServableLearner, before: Regime, now: Regime) -> None:
    """Tell of a regime that has begun, and of banked ones that the present contradicts, or no longer does."""
    if now == before or not isinstance(learner, Heeding):
        return
    learner.on_concept(now.number, now.contradicted)
    if before.number and now.number != before.number:
        learner.on_drift()


def tell_version(learner: ServableLearner, candidate: Candidate) -> None:
    """Tell that what it answers with was published; a version recalled is not what it answers with."""
    if candidate.decision.admitted and not candidate.concept and isinstance(learner, Heeding):
        learner.on_version()
