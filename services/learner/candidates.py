"""Candidates: what the learner has become, or a banked version; and what admission or refusal changes. Pure."""

from __future__ import annotations

from dataclasses import replace

from models.gate import judge, judge_recall
from models.gate_evidence import Decision, Evidence
from models.snapshot import encode_frozen
from schemas.pipeline_gate import BetterGate
from services.learner.effects import Candidate
from services.learner.freezing import reasons_of
from services.learner.heeding import tell_version
from services.learner.plan import Plan
from services.learner.state import State


def candidate_of(plan: Plan, state: State) -> Candidate:
    """Judge what the learner answers with now."""
    answering, court = state.learner.answering, state.court
    frozen = answering.snapshot()
    evidence = Evidence(frozen.tensors, state.scores.losses(), state.place.examples)
    if court is not None:
        evidence = replace(evidence, duel=court.record, excess=court.excess(answering.predict_many))
    blob, digest = encode_frozen(answering.kind, frozen, plan.layout.names)
    return _numbered(state, blob, digest, _unless_frozen(state, judge(plan.gate, evidence)))


def _unless_frozen(state: State, decision: Decision) -> Decision:
    """Refuse what has not learned since learning froze; so the versions tell of it, too."""
    if not (reasons := reasons_of(state)):
        return decision
    why = f"learning is frozen: {', '.join(reasons)}"
    return replace(decision, admitted=False, reasons=(*decision.reasons, why))


def recall_of(plan: Plan, state: State) -> Candidate | None:
    """Judge the version of a banked concept that has won its trial against the champion, if one has.

    It goes out under a number of its own, grown from the version that serves: what counts as learned by it is all that
    was learned when it was chosen, for the choice followed from that.
    """
    if state.court is None or (winner := state.court.winner()) is None or winner.best is None:
        return None
    assert isinstance(plan.gate, BetterGate), "there is a court"
    excess = state.court.excess(winner.best.model.predict_many, besides=winner.number)
    made = _numbered(state, winner.best.blob, winner.best.digest, judge_recall(plan.gate, winner, excess))
    return replace(made, concept=winner.number)


def after_candidate(state: State, candidate: Candidate) -> State:
    """Count the number as used; an admitted candidate becomes the parent of what follows, and the champion."""
    place, court = replace(state.place, number=candidate.number), state.court
    if candidate.decision.admitted:
        place = replace(place, parent=candidate.number, first_offset=-1)
        if court is not None:
            court.crown(candidate.number, candidate.blob, candidate.concept)
    elif court is not None:
        court.refuse(candidate.concept)
    tell_version(state.learner, candidate)
    return replace(state, place=place)


def _numbered(state: State, blob: bytes, digest: str, decision: Decision) -> Candidate:
    place = state.place
    return Candidate(
        number=place.number + 1,
        parent=place.parent,
        blob=blob,
        digest=digest,
        decision=decision,
        examples=place.examples,
        first_offset=place.first_offset,
        last_offset=place.next_offset - 1,
        trained_through=place.trained_through,
        scores=state.scores.as_json(),
    )
