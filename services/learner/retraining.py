"""Retraining: another learner over a range of the log, from nothing or from a version's weights.

The fold stands still meanwhile, so that what comes of it is a function of the log before the place where it was asked
for. It holds some minibatches at a time, whatever the range; after a crash in its midst the fold comes to the same
place again, and it begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.gate_duel import Champion
from models.protocol import Heeding, ServableLearner
from models.steering import Heir
from schemas.examples import no_examples
from schemas.pipeline_reaction import Action, Recall, Retrain
from services.learner.challenger import Challenger, blank_challenger
from services.learner.heeding import regime_of
from services.learner.history import History
from services.learner.plan import Plan
from services.learner.state import State


@dataclass(frozen=True, slots=True)
class Range:
    """Offsets from `first` to before `end`, of which the first `skipped` examples are not meant."""

    first: int
    end: int
    skipped: int = 0


def challenger_for(plan: Plan, state: State, action: Action, history: History) -> Challenger | str:
    """Make the learner that an action asks for, or say why there is none. Reads as much of the log as was asked for."""
    asked = action.recall or action.retrain
    assert asked is not None, "asked of actions that retrain or recall only"
    how = "recall" if isinstance(asked, Recall) else asked.how
    parent = _parent(state, asked)
    if parent is None and how != "full":
        return f"{how}: there is no {'champion' if how == 'incremental' else 'such banked version'} yet"
    learner = _begun(plan, state, parent)
    if learner is None:
        return f"{how}: this kind of learner cannot begin from a version"
    challenger = blank_challenger(learner, plan.loss)
    challenger.begun, challenger.trial = state.place.examples, asked.trial
    if isinstance(asked, Retrain):
        challenger.rows = teach(plan, state, learner, asked, history)
        if not challenger.rows:
            return f"{how}: the range holds no minibatch of {plan.batch} examples that were learned"
    challenger.crown(None if state.court is None else state.court.champion)
    return challenger


def range_of(plan: Plan, state: State, asked: Retrain) -> Range:
    """Find what is to be learned again: never what the fold has not yet learned."""
    place = state.place
    if asked.between is not None:
        return Range(asked.between[0], min(asked.between[1] + 1, place.next_offset))
    if asked.last is None:
        return Range(0, place.next_offset)
    # Whole minibatches that end where the fold stands: nothing of the newest is left over.
    start = max(0, place.examples - asked.last // plan.batch * plan.batch)
    counted, first = state.reactions.marks.before(start)
    return Range(first, place.next_offset, start - counted)


def teach(plan: Plan, state: State, learner: ServableLearner, asked: Retrain, history: History) -> int:
    """Let a learner learn a range in the fold's minibatches; return how many examples it has learned."""
    wanted, learned = range_of(plan, state, asked), 0
    for _ in range(asked.passes):
        waiting, skipped = no_examples(plan.layout), wanted.skipped
        for piece in history.between(wanted.first, wanted.end):
            rest, skipped = piece[skipped:], max(0, skipped - len(piece))
            waiting = waiting.followed_by(rest[np.flatnonzero(state.reactions.left_out.lacks(rest.offset_B))])
            whole = len(waiting) - len(waiting) % plan.batch
            for start in range(0, whole, plan.batch):
                batch = waiting[start : start + plan.batch]
                learner.learn_many(batch.features_BF, batch.label_B)
            waiting, learned = waiting[whole:], learned + whole
    return learned


def _parent(state: State, asked: Retrain | Recall) -> Champion | None:
    """Find the version to begin with."""
    if state.court is None:
        return None
    if isinstance(asked, Retrain) and asked.how != "transfer":
        return state.court.champion if asked.how == "incremental" else None
    return state.court.banked(asked.concept)


def _begun(plan: Plan, state: State, parent: Champion | None) -> ServableLearner | None:
    learner = plan.new_learner()
    if parent is not None:
        if not isinstance(learner, Heir):
            return None
        learner.begin_from(parent.model)
    if isinstance(learner, Heeding):
        regime = regime_of(state.court)
        learner.on_concept(regime.number, regime.contradicted)
    return learner
