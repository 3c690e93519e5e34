"""Learning as a fold over the examples log: exact minibatches, versions and checkpoints, all cut by count. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from models.error_alarms import Errors, errors_of
from models.error_watch import Heard
from models.gate_court import Regime
from models.protocol import Float32, Float64
from models.reaction import BatchSignal
from schemas.commands import Command
from schemas.examples import Examples
from services.learner.candidates import after_candidate, due_candidate
from services.learner.effects import Checkpoint, DriftFound, Effect
from services.learner.freezing import learn, reasons_of
from services.learner.heeding import regime_of, tell_regime
from services.learner.history import History, NoHistory
from services.learner.plan import Plan
from services.learner.reacting import heeded, triggered
from services.learner.state import Place, State, encode_state

_NO_HISTORY: Final = NoHistory()


def step(
    plan: Plan,
    state: State,
    rows: Examples,
    commands: tuple[Command, ...] = (),
    history: History = _NO_HISTORY,
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
    history : History
        The log before `rows`, for what is retrained. While it is read, so long this blocks.

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
        state, due = _learn(plan, state, rows[start : start + plan.batch], history)
        effects += due
    return replace(state, waiting=rows[whole:]), tuple(effects)


def checkpoint_of(plan: Plan, state: State) -> Checkpoint:
    """Freeze the state at the last whole minibatch; what waits is read again from the log."""
    return Checkpoint(state.place.next_offset, encode_state(plan, state))


def _learn(plan: Plan, state: State, batch: Examples, history: History) -> tuple[State, list[Effect]]:
    """Score each example, then learn it unless learning is frozen; make what the counts say is due."""
    before, regime, effects = state.place, regime_of(state.court), list[Effect]()
    state, told = heeded(plan, state, int(batch.offset_B[0]), history)
    effects += told
    state, signal, heard = _scored_and_learned(plan, state, batch)
    effects += [DriftFound(drift) for drift in heard.drifts]
    # A checkpoint stands for all that is before its offset.
    state, told = heeded(plan, state, state.place.next_offset, history)
    effects += told
    candidate = due_candidate(plan, state, _has_passed(plan.cadence, before, state.place))
    if candidate is not None:
        effects.append(candidate)
        state = after_candidate(plan, state, candidate)
    signal = replace(signal, regime=_tell_regime(plan, state, regime))
    state, told = triggered(plan, state, signal, history)
    effects += told
    if _has_passed(plan.checkpoint, before, state.place):
        effects.append(checkpoint_of(plan, state))
    return state, effects


def _scored_and_learned(plan: Plan, state: State, batch: Examples) -> tuple[State, BatchSignal, Heard]:
    own_BK = state.learner.predict_many(batch.features_BF)
    state.scores.add(batch, own_BK)
    champion_B = None if state.court is None else state.court.see(batch.features_BF, batch.label_B, own_BK)
    if state.challenger is not None:
        state.challenger.see(batch.features_BF, batch.label_B)
    loss_B = _heeded_losses(plan, own_BK, batch)
    heard = Heard()
    if state.alarms is not None:
        error_B = errors_of(plan.layout.target, own_BK, batch.label_B, loss_B)
        reached_B = np.maximum.accumulate(np.maximum(batch.label_time_B, state.place.trained_through))
        heard = state.alarms.see(Errors(error_B, batch.offset_B, reached_B), state.place.parent)
    before, frozen = state.place, bool(reasons_of(state))
    state = learn(plan.limits, state, batch, own_BK)
    state = replace(state, place=_advanced(before, batch))
    signal = BatchSignal(
        examples=(before.examples, state.place.examples),
        time=(before.trained_through, state.place.trained_through),
        rows=len(batch),
        own=float(loss_B.sum()),
        champion=None if champion_B is None else float(champion_B.sum()),
        alarms=heard.alarms,
    )
    return _noted(state, batch, frozen), signal, heard


def _noted(state: State, batch: Examples, frozen: bool) -> State:
    """Let the challenger learn what the learner has, and note where in the log that was or was not."""
    place, known = state.place, state.reactions
    if frozen:
        left_out = known.left_out.after(int(batch.offset_B[0]), place.next_offset)
        known = replace(known, left_out=left_out)
    elif state.challenger is not None:
        state.challenger.learner.learn_many(batch.features_BF, batch.label_B)
    return replace(state, reactions=replace(known, marks=known.marks.after(place.examples, place.next_offset)))


def _heeded_losses(plan: Plan, own_BK: Float32, batch: Examples) -> Float64:
    """What the learner lost on each row; nothing where neither rule nor detector heeds it."""
    is_heeded = bool(plan.alarms) or any(rule.worse for rule in plan.rules)
    return plan.loss(own_BK, batch.label_B) if is_heeded else np.zeros(len(batch))


def _tell_regime(plan: Plan, state: State, before: Regime) -> bool:
    """Tell all who learn of the present regime; whether another one has begun."""
    now = regime_of(state.court)
    tell_regime(state.learner, before, now)
    if state.challenger is not None:
        tell_regime(state.challenger.learner, before, now)
    begun = bool(before.number) and now.number != before.number
    if begun and plan.resets_head and state.court is not None:
        state.court.disown()
    return begun


def _has_passed(every: int, before: Place, now: Place) -> bool:
    return now.examples // every > before.examples // every


def _advanced(place: Place, batch: Examples) -> Place:
    return replace(
        place,
        next_offset=int(batch.offset_B[-1]) + 1,
        examples=place.examples + len(batch),
        first_offset=int(batch.offset_B[0]) if place.first_offset < 0 else place.first_offset,
        trained_through=max(place.trained_through, float(batch.label_time_B.max())),
    )
