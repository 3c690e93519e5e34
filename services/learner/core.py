"""Learning as a fold over the examples log: exact minibatches, versions and checkpoints, all cut by count. Pure."""

from __future__ import annotations

from dataclasses import replace

from models.protocol import Float32
from schemas.commands import Command
from schemas.examples import Examples
from services.learner.candidates import after_candidate, candidate_of, recall_of
from services.learner.effects import Checkpoint, Effect
from services.learner.freezing import learn, obeying
from services.learner.heeding import regime_of, tell_regime
from services.learner.plan import Plan
from services.learner.state import Place, State, encode_state


def step(
    plan: Plan, state: State, rows: Examples, commands: tuple[Command, ...] = ()
) -> tuple[State, tuple[Effect, ...]]:
    """Learn what has come.

    The result does not depend on how the log was cut into `rows`: examples that do not fill a minibatch wait.

    Parameters
    ----------
    plan : Plan
        What the pipeline file says about learning.
    state : State
        Must not be used again: its learner learns in place.
    rows : Examples
        The next ones of the log.
    commands : tuple of Command
        Of the same stretch of the log.

    Returns
    -------
    state : State
        After the last whole minibatch, with the rest waiting.
    effects : tuple of Effect
        To be performed in this order.
    """
    rows, state = state.waiting.followed_by(rows), replace(state, commands=(*state.commands, *commands))
    effects: list[Effect] = []
    whole = len(rows) - len(rows) % plan.batch
    for start in range(0, whole, plan.batch):
        state, due = _learn(plan, state, rows[start : start + plan.batch])
        effects += due
    return replace(state, waiting=rows[whole:]), tuple(effects)


def checkpoint_of(plan: Plan, state: State) -> Checkpoint:
    """Freeze the state at the last whole minibatch; what waits is read again from the log."""
    return Checkpoint(state.place.next_offset, encode_state(plan, state))


def _learn(plan: Plan, state: State, batch: Examples) -> tuple[State, list[Effect]]:
    """Score each example, then learn it unless learning is frozen; make what the counts say is due."""
    before, regime = state.place.examples, regime_of(state.court)
    state = obeying(state, int(batch.offset_B[0]))
    state = learn(plan.limits, state, batch, _score(state, batch))
    state, effects = replace(state, place=_advanced(state.place, batch)), list[Effect]()
    state = obeying(state, state.place.next_offset)  # a checkpoint stands for all that is before its offset
    candidate = recall_of(plan, state)
    if candidate is None and state.place.examples // plan.cadence > before // plan.cadence:
        candidate = candidate_of(plan, state)
    if candidate is not None:
        effects.append(candidate)
        state = after_candidate(state, candidate)
    tell_regime(state.learner, regime, regime_of(state.court))
    if state.place.examples // plan.checkpoint > before // plan.checkpoint:
        effects.append(checkpoint_of(plan, state))
    return state, effects


def _score(state: State, batch: Examples) -> Float32:
    own_BK = state.learner.predict_many(batch.features_BF)
    state.scores.add(batch, own_BK)
    if state.court is not None:
        state.court.see(batch.features_BF, batch.label_B, own_BK)
    return own_BK


def _advanced(place: Place, batch: Examples) -> Place:
    return replace(
        place,
        next_offset=int(batch.offset_B[-1]) + 1,
        examples=place.examples + len(batch),
        first_offset=int(batch.offset_B[0]) if place.first_offset < 0 else place.first_offset,
        trained_through=max(place.trained_through, float(batch.label_time_B.max())),
    )
