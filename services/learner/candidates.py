"""Candidates: what the learner has become, or a banked version; and what admission or refusal changes. Pure."""

from __future__ import annotations

from dataclasses import replace

from models.gate import follows_after, judge, judge_recall
from models.gate_evidence import Decision, Evidence
from models.snapshot import encode_frozen
from schemas.pipeline_gate import BetterGate
from services.learner.challenger import verdict_on
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


def retrained_of(plan: Plan, state: State, at_cadence: bool) -> Candidate | None:
    """Judge the challenger where candidates are judged; at once if there is no champion that it could stand against.

    None while it may still prove itself, and while learning is frozen.
    """
    challenger = state.challenger
    if challenger is None or reasons_of(state) or not (at_cadence or challenger.duel.champion is None):
        return None
    decision = verdict_on(challenger, plan.gate, state.court, state.place.examples)
    if decision is None:
        return None
    answering = challenger.learner.answering
    blob, digest = encode_frozen(answering.kind, answering.snapshot(), plan.layout.names)
    return replace(_numbered(state, blob, digest, decision), is_challenger=True)


def due_candidate(plan: Plan, state: State, at_cadence: bool) -> Candidate | None:
    """Find the one candidate of this place in the log, if there is one: a second would have the same last offset."""
    found = recall_of(plan, state) or retrained_of(plan, state, at_cadence)
    return candidate_of(plan, state) if found is None and at_cadence else found


def after_candidate(plan: Plan, state: State, candidate: Candidate) -> State:
    """Count the number as used; an admitted candidate becomes the parent of what follows, and the champion."""
    place, court = replace(state.place, number=candidate.number), state.court
    follows = _follows(plan, state, candidate)
    if candidate.is_challenger:
        state = _without_challenger(state, candidate.decision.admitted)
    if candidate.decision.admitted:
        place = replace(place, parent=candidate.number, first_offset=-1)
        if court is not None:
            court.crown(candidate.number, candidate.blob, candidate.concept, follows)
            if state.challenger is not None:
                state.challenger.crown(court.champion)
    elif court is not None and not candidate.is_challenger:
        court.refuse(candidate.concept)
    tell_version(state.learner, candidate)
    return replace(state, place=place)


def _follows(plan: Plan, state: State, candidate: Candidate) -> int:
    """How long the proof of whoever learns on holds; the learner has nothing of a version that was recalled."""
    if state.court is None or candidate.concept:
        return 0
    challenger = state.challenger if candidate.is_challenger else None
    return follows_after(plan.gate, state.court.record if challenger is None else challenger.duel.record)


def _without_challenger(state: State, admitted: bool) -> State:
    """Let it take the learner's place, or go."""
    assert state.challenger is not None, "it was judged"
    return replace(state, learner=state.challenger.learner if admitted else state.learner, challenger=None)


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
