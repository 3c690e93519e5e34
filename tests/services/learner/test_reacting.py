"""Reactions and retraining are part of the fold: what they do depends on the log alone, and is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.assembly import pipeline_learner
from models.protocol import Snapshot
from models.snapshot import decode_model, encode_model
from models.tensor_bytes import decode_snapshot, encode_snapshot
from schemas.commands import Asked, Command, DriftNotice
from schemas.contracts import Contracts
from schemas.examples import Examples
from schemas.pipeline_reaction import Action
from services.learner.core import checkpoint_of, step
from services.learner.effects import Candidate, Effect, Reacted
from services.learner.plan import plan_of
from services.learner.state import State, decode_state, encode_state
from tests.services.learner.rig import BETTER, small_contracts
from tests.services.learner.test_gate import beginning, candidates, log_of

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


@settings(max_examples=6, deadline=None)
@given(cuts=st.lists(st.integers(0, ROWS), max_size=5).map(sorted), stop=st.integers(0, ROWS))
def test_neither_cuts_nor_restarts_change_what_is_done(cuts: list[int], stop: int) -> None:
    contracts = reacting()
    log, plan = log_of(contracts, ROWS), plan_of(contracts.pipeline)
    whole, effects = lived(contracts, log, COMMANDS)
    other, same_effects = lived(contracts, log, COMMANDS, cuts)
    assert same_effects == effects
    assert encode_state(plan, other) == encode_state(plan, whole)

    first = int(log.offset_B[stop]) if stop < len(log) else 2 * ROWS
    broken, before = lived(contracts, log[:stop], [c for c in COMMANDS if c.offset < first])
    checkpoint = checkpoint_of(plan, broken)
    state = decode_state(plan, beginning(contracts).learner, checkpoint.payload)
    rest = log[np.flatnonzero(log.offset_B >= checkpoint.offset)]
    state, after = lived_on(contracts, state, rest, [c for c in COMMANDS if c.offset >= checkpoint.offset], [], log)
    assert encode_state(plan, state) == encode_state(plan, whole)
    assert [*before, *after] == effects


def test_each_is_done_where_the_log_says() -> None:
    contracts = reacting()
    _, effects = lived(contracts, log_of(contracts, ROWS), COMMANDS)
    done = reactions(effects)
    assert [at for at, action in done if action == "reset_head"] == [96]
    assert [at for at, action in done if action == "raise_rate"] == [96]
    # By the count after 152 and 304, and by hand; while one is on trial no rule begins another.
    assert [at for at, action in done if action == "retrain"] == [152, 256]
    assert len([at for at, action in done if action == "warm_restart"]) >= 3
    assert {effect.trouble for effect in effects if isinstance(effect, Reacted) and effect.examples in (208, 304)} == {
        "another challenger is still on trial"
    }


def test_told_again_it_is_done_once() -> None:
    contracts = reacting()
    log, plan = log_of(contracts, ROWS), plan_of(contracts.pipeline)
    again = [*COMMANDS, notice(120, "concept", "concept:90"), asked(300, retrain={}), asked(301, reset_head=True)]
    once, effects = lived(contracts, log, COMMANDS)
    twice, same_effects = lived(contracts, log, sorted(again, key=lambda command: command.offset))
    assert same_effects == effects
    assert encode_state(plan, twice) == encode_state(plan, once)


@pytest.mark.parametrize("kind", ["tabular_resnet", "contest", "river_logistic_regression"])
@pytest.mark.parametrize(
    ("asked_for", "rows"), [({"last": 83}, (80, 160)), ({}, (0, 160)), ({"between": [20, 99]}, (10, 50))]
)
def test_a_full_one_is_a_new_learner_over_that_range(
    kind: str, asked_for: dict[str, object], rows: tuple[int, int]
) -> None:
    contracts = small_contracts(kind)
    log = log_of(contracts, 200)
    state, effects = lived(contracts, log[:160], [asked(157, retrain=asked_for)])
    (version,) = retrained(effects)
    learner, batch = pipeline_learner(contracts.pipeline), contracts.pipeline.learner.batch
    for start in range(rows[0], rows[1], batch):
        part = log[start : start + batch]
        learner.learn_many(part.features_BF, part.label_B)
    assert version.digest == encode_model(learner.served(), contracts.layout.names)[1]
    assert (version.examples, version.decision.admitted) == (160, True)
    assert version.decision.policy == "retrain"
    assert version.decision.scores["retrained_examples"] == rows[1] - rows[0]
    assert encode_model(state.learner.served()) == encode_model(learner.served())
    assert state.challenger is None


def test_an_incremental_one_begins_with_the_champion() -> None:
    contracts = reacting("keep_versions: 4")
    log = log_of(contracts, 200)
    state, effects = lived(contracts, log[:168], [asked(157, retrain={"how": "incremental", "last": 64})])
    champion = [v for v in candidates(effects) if v.decision.admitted][-1]
    learner = pipeline_learner(contracts.pipeline)
    learner.begin_from(decode_model(champion.blob))  # type: ignore[attr-defined]
    for start in range(96, 168, 8):
        learner.learn_many(log[start : start + 8].features_BF, log[start : start + 8].label_B)
    assert state.challenger is not None
    assert encode_model(state.challenger.learner.served()) == encode_model(learner.served())
    assert not retrained(effects)


def test_what_learning_left_out_is_not_learned_by_retraining() -> None:
    contracts = small_contracts()
    log = log_of(contracts, 200)
    freeze, thaw = Command(2 * 40 - 1, "freeze", "sick"), Command(2 * 80 - 1, "thaw", "well")
    _, effects = lived(contracts, log[:168], [freeze, thaw, asked(160, retrain={"last": 160})])
    (version,) = retrained(effects)
    learner = pipeline_learner(contracts.pipeline)
    for start in [*range(0, 40, 8), *range(80, 168, 8)]:
        learner.learn_many(log[start : start + 8].features_BF, log[start : start + 8].label_B)
    assert version.digest == encode_model(learner.served(), contracts.layout.names)[1]


def test_a_challenger_that_is_no_better_is_refused_when_its_trial_is_over_and_changes_nothing() -> None:
    contracts = reacting("keep_versions: 4", gate="gate: {policy: better, alpha: 0.001}\n")
    log, retrain = log_of(contracts, ROWS), {"between": [0, 40], "trial": 64}
    plain, _ = lived(contracts, log)
    state, effects = lived(contracts, log, [asked(100, retrain=retrain)])
    (version,) = retrained(effects)
    assert not version.decision.admitted
    assert (version.examples, version.decision.scores["trial_examples"]) == (192, 192 - 104)
    assert state.challenger is None
    assert encode_model(state.learner.served()) == encode_model(plain.learner.served())


def test_a_challenger_that_is_better_takes_the_learners_place() -> None:
    contracts = reacting("keep_versions: 4", gate="gate: {policy: better, concepts: {size: 0}}\n", kind="mlp")
    log = log_of(contracts, 800)
    turned = Examples(*(getattr(log, name) for name in log.__dataclass_fields__))
    turned.label_B[400:] = 1 - turned.label_B[400:]
    retrain = {"last": 160, "passes": 60, "trial": 400}
    state, effects = lived(contracts, turned, [asked(560, retrain=retrain)])
    won = [version for version in retrained(effects) if version.decision.admitted]
    assert won
    parent = candidates(effects)[-1].parent
    assert parent >= won[0].number
    assert state.challenger is None


@pytest.mark.parametrize(
    ("gate", "do", "why"),
    [
        ("", {"retrain": {"how": "incremental"}}, "there is no champion yet"),
        (BETTER, {"recall": {}}, "there is no such banked version yet"),
        ("", {"retrain": {"between": [5000, 6000]}}, "the range holds no minibatch of 8"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_changes(gate: str, do: dict[str, Any], why: str) -> None:
    contracts = reacting("keep_versions: 4", gate=gate)
    log = log_of(contracts, 96)
    state, effects = lived(contracts, log, [asked(40, **do)])
    (trouble,) = [effect.trouble for effect in effects if isinstance(effect, Reacted)]
    assert why in trouble
    plain, same = lived(contracts, log)
    assert candidates(effects) == candidates(same)
    assert encode_model(state.learner.served()) == encode_model(plain.learner.served())


def test_nothing_is_done_by_rule_while_learning_is_frozen() -> None:
    contracts = reacting()
    log = log_of(contracts, ROWS)
    _, effects = lived(contracts, log, [Command(1, "freeze", "mending"), *COMMANDS[:2], asked(250, reset_head=True)])
    assert reactions(effects) == [(256, "reset_head")], "what people ask for is done"


def test_a_checkpoint_from_before_there_were_reactions_is_gone_on_with() -> None:
    contracts = small_contracts()
    log, plan = log_of(contracts, 200), plan_of(contracts.pipeline)
    broken, _ = lived(contracts, log[:96])
    checkpoint = checkpoint_of(plan, broken)
    whole = decode_snapshot(checkpoint.payload)
    older = {name: told for name, told in whole.manifest.items() if name != "reactions"}
    state = decode_state(plan, beginning(contracts).learner, encode_snapshot(Snapshot(whole.tensors, older)))
    rest, asked_for = log[np.flatnonzero(log.offset_B >= checkpoint.offset)], [asked(150, retrain={"last": 80})]
    _, after = lived_on(contracts, state, rest, asked_for, [], log)
    _, effects = lived(contracts, log, asked_for)
    assert retrained(after) == retrained(effects)
    assert retrained(after)
