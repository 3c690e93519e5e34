"""Candidates: how one is made of the learner, and what its admission or refusal changes. Pure."""

from __future__ import annotations

from dataclasses import replace

from models.gate import judge
from models.gate_duel import Champion
from models.gate_evidence import Decision, Evidence
from models.snapshot import encode_frozen
from services.learner.effects import Candidate
from services.learner.plan import Plan
from services.learner.state import State


def candidate_of(plan: Plan, state: State) -> Candidate:
    """Judge what the learner answers with now."""
    answering = state.learner.answering
    frozen = answering.snapshot()
    duel = state.duel.record if state.duel is not None and state.duel.champion is not None else None
    evidence = Evidence(frozen.tensors, state.scores.losses(), state.place.examples, duel)
    blob, digest = encode_frozen(answering.kind, frozen, plan.layout.names)
    return _numbered(state, blob, digest, judge(plan.gate, evidence))


def after_candidate(state: State, candidate: Candidate) -> State:
    """Count the number as used; an admitted candidate becomes the parent of what follows, and the champion."""
    place = replace(state.place, number=candidate.number)
    if not candidate.decision.admitted:
        if state.duel is not None:
            state.duel.judged()
        return replace(state, place=place)
    if state.duel is not None:
        state.duel.crown(Champion.read(candidate.number, candidate.blob))
    return replace(state, place=replace(place, parent=candidate.number, first_offset=-1))


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
