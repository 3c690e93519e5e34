"""Reacting: to drifts and requests that came as commands, and to what the fold itself has found. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from models.reaction import BatchSignal, DriftSignal, Signal, decide
from models.steering import Steered
from schemas.commands import Asked, Command, DriftNotice
from schemas.pipeline_reaction import Action
from services.learner.effects import Reacted
from services.learner.freezing import obeyed, reasons_of
from services.learner.history import History
from services.learner.plan import Plan
from services.learner.retraining import challenger_for
from services.learner.state import State

Told = tuple[State, list[Reacted]]
_ON_TRIAL: Final = "another challenger is still on trial"


def heeded(plan: Plan, state: State, before: int, history: History) -> Told:
    """Follow the commands at offsets below `before`, in their order."""
    due = [command for command in state.commands if command.offset < before]
    state, told = replace(state, commands=state.commands[len(due) :]), list[Reacted]()
    for command in due:
        state, more = _followed(plan, state, command, history)
        told += more
    return state, told


def triggered(plan: Plan, state: State, signal: BatchSignal, history: History) -> Told:
    """Do what is due after a minibatch by the rules of the pipeline file."""
    return _by_rule(plan, state, signal, "", history) if plan.rules else (state, [])


def _followed(plan: Plan, state: State, command: Command, history: History) -> Told:
    match command.argument:
        case None:
            return obeyed(state, command), []
        case DriftNotice() as notice:
            signal = DriftSignal(notice.id, notice.kind, notice.pattern, notice.severity, notice.state)
            return _by_rule(plan, state, signal, f"drift {notice.id}", history)
        case Asked() as asked:
            if asked.id in state.reactions.asked:
                return state, []
            state = replace(state, reactions=state.reactions.with_asked(asked.id))
            # A person's word takes the place of a challenger that is still on trial; a rule's does not.
            state = replace(state, challenger=None) if asked.do.challenges else state
            return _done(plan, state, asked.do, f"by hand: {command.reason}", history)


def _by_rule(plan: Plan, state: State, signal: Signal, why: str, history: History) -> Told:
    known, frozen = state.reactions.rules, bool(reasons_of(state))
    known, due = decide(plan.rules, known, signal, state.place.examples, frozen)
    state, told = replace(state, reactions=replace(state.reactions, rules=known)), list[Reacted]()
    for rule in due:
        state, more = _done(plan, state, rule.do, why or rule.trigger, history)
        told += more
    return state, told


def _done(plan: Plan, state: State, action: Action, why: str, history: History) -> Told:
    """Do an action; while one challenger is on trial, no other is made."""
    examples, told = state.place.examples, list[Reacted]()
    if action.steps and isinstance(state.learner, Steered):
        state.learner.steering.act(action)
        if action.reset_head and state.court is not None:
            state.court.disown()
        told += [Reacted(examples, name, why) for name in action.steps]
    if action.challenges:
        made = _ON_TRIAL if state.challenger is not None else challenger_for(plan, state, action, history)
        name = "recall" if action.recall is not None else "retrain"
        if isinstance(made, str):
            return state, [*told, Reacted(examples, name, why, made)]
        state = replace(state, challenger=made)
        told.append(Reacted(examples, name, why))
    return state, told
