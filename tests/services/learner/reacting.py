"""Pipelines that react, what may be asked of them, and a learner's fold over a log with such commands in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schemas.commands import Asked, Command, DriftNotice
from schemas.contracts import Contracts
from schemas.examples import Examples
from schemas.pipeline_reaction import Action
from services.learner.core import step
from services.learner.effects import Candidate, Effect, Reacted
from services.learner.plan import plan_of
from services.learner.state import State
from tests.services.learner.rig import BETTER, small_contracts
from tests.services.learner.test_gate import beginning, candidates

ROWS = 360
RULES = """keep_versions: 4, reactions: [
  {drift: {kinds: [concept]}, do: {raise_rate: {times: 4, over: 40}, reset_head: true}, cool_down: 0},
  {drift: {kinds: [prior]}, do: {retrain: {how: incremental, last: 64, trial: 48}}, cool_down: 0},
  {examples: 150, do: {retrain: {last: 100, trial: 64}}, cool_down: 0},
  {time: 100s, do: {warm_restart: true}, cool_down: 100},
  {worse: {by: 0.001, window: 16}, do: {warm_restart: true}, cool_down: 50}]"""
"""Something of each kind, close together."""


def reacting(rules: str = RULES, gate: str = BETTER, kind: str = "tabular_resnet") -> Contracts:
    return small_contracts(kind, keep=rules, gate=gate)


def notice(after: int, kind: str, id_: str = "") -> Command:
    """A drift told after so many examples: they have the even offsets."""
    return Command(2 * after - 1, "drift", "", DriftNotice(id=id_ or f"{kind}:{after}", kind=kind))


def asked(after: int, id_: str = "one", **do: Any) -> Command:
    return Command(2 * after - 1, "react", "because", Asked(id=id_, do=Action.model_validate(do)))


COMMANDS = (notice(90, "concept"), notice(203, "prior"), asked(250, retrain={"between": [100, 400], "passes": 2}))


@dataclass
class Log:
    """A log that was read already; whoever asks for a part of it is given it in pieces."""

    examples: Examples

    def between(self, first: int, end: int) -> Iterator[Examples]:
        offset_B = self.examples.offset_B
        part = self.examples[np.flatnonzero((offset_B >= first) & (offset_B < end))]
        yield from (part[start : start + 13] for start in range(0, len(part), 13))


def lived(
    contracts: Contracts, log: Examples, commands: Sequence[Command] = (), cuts: Sequence[int] = ()
) -> tuple[State, list[Effect]]:
    return lived_on(contracts, beginning(contracts), log, commands, cuts, log)


def lived_on(
    contracts: Contracts,
    state: State,
    log: Examples,
    commands: Sequence[Command],
    cuts: Sequence[int],
    whole: Examples,
) -> tuple[State, list[Effect]]:
    plan, effects, first = plan_of(contracts.pipeline), list[Effect](), -1
    for start, end in zip([0, *cuts], [*cuts, len(log)], strict=True):
        last = int(log.offset_B[end - 1]) if end else -1
        state, due = step(
            plan, state, log[start:end], tuple(c for c in commands if first < c.offset <= last), Log(whole)
        )
        effects, first = effects + list(due), max(first, last)
    return state, effects


def reactions(effects: Sequence[Effect]) -> list[tuple[int, str]]:
    return [
        (effect.examples, effect.action) for effect in effects if isinstance(effect, Reacted) and not effect.trouble
    ]


def retrained(effects: list[Effect]) -> list[Candidate]:
    return [version for version in candidates(effects) if version.is_challenger]
