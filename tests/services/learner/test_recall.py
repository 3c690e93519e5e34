"""What returns is recalled and what is compatible is held, in the fold itself, and all of it comes out again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from models.assembly import pipeline_learner
from models.determinism import make_deterministic
from models.snapshot import encode_model
from models.steering import Heir
from schemas.commands import Asked, Command
from schemas.contracts import Contracts, contracts_of
from schemas.examples import Examples
from schemas.pipeline_file import parse_pipeline
from schemas.pipeline_reaction import Action
from services.learner.core import checkpoint_of, step
from services.learner.effects import Candidate, Effect
from services.learner.plan import plan_of
from services.learner.state import State, decode_state, encode_state, first_state
from tests.services.learner.reacting import Log

make_deterministic()
TEXT = """
pipeline: turns
request:
  entity: shop
  fields:
    shop: {type: category, buckets: 2}
    price: {type: number, range: [-10, 10]}
    stock: {type: number, range: [-10, 10]}
target: {type: binary}
join: {wait: 1h}
model: {kind: mlp, hidden: 16, blocks: 1, optimiser: {rate: 0.01}}
learner: {batch: 16, cadence: 256, checkpoint: 4096, score_window: 500, replay: {kind: none}}
gate: {policy: better, concepts: {window: 128, sample: 128}}
"""
STAY = 2048


def contracts() -> Contracts:
    return contracts_of(parse_pipeline(TEXT, "turns.yaml"))


def stretch(rows: int, turned: bool, stock: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    x_BF = random.normal(size=(rows, 3)).astype(np.float32)
    x_BF[:, 0], x_BF[:, 2] = 0, x_BF[:, 2] + stock
    y_B = ((x_BF[:, 1] > 0) != turned).astype(np.float64)
    return x_BF, np.where(random.random(rows) < 0.1, 1 - y_B, y_B)


def log_of(*parts: tuple[np.ndarray, np.ndarray]) -> Examples:
    x_BF, y_B = np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])
    offset_B = np.arange(len(y_B))
    time_B, zeros_B = 1.3e12 + 1000.0 * offset_B.astype(np.float64), np.zeros(len(y_B), np.int64)
    answer_BK, came_B, nobody_B = (
        np.full((len(y_B), 1), 0.5, np.float32),
        np.ones(len(y_B), np.bool_),
        np.full(len(y_B), b""),
    )
    return Examples(offset_B, time_B, time_B + 1, y_B, came_B, zeros_B, answer_BK, x_BF, nobody_B)


def beginning() -> State:
    return first_state(plan_of(contracts().pipeline), pipeline_learner(contracts().pipeline))


def learned(log: Examples) -> tuple[State, list[Effect]]:
    state, effects = step(plan_of(contracts().pipeline), beginning(), log)
    return state, [*effects]


def there_and_back(seed: int) -> Examples:
    """One regime, its contradiction, and the first one again."""
    turns = [stretch(STAY, turned, 0.0, seed + place) for place, turned in enumerate((False, True, False))]
    return log_of(*turns)


@cache
def lived(seed: int) -> tuple[Effect, ...]:
    return tuple(learned(there_and_back(seed))[1])


def versions(effects: Sequence[Effect]) -> list[Candidate]:
    return [effect for effect in effects if isinstance(effect, Candidate)]


@pytest.mark.parametrize("seed", range(3))
def test_a_regime_that_returns_is_served_by_its_old_version_within_200_examples(seed: int) -> None:
    effects = lived(seed)
    recalled = [version for version in versions(effects) if version.concept]
    assert recalled
    first = recalled[0]
    assert first.decision.admitted
    assert first.decision.policy == "recall"
    assert 2 * STAY < first.examples <= 2 * STAY + 200
    old = {version.digest: version for version in versions(effects) if not version.concept}[first.digest]
    assert old.examples <= STAY
    assert first.decision.scores["recalled"] == old.number


def test_a_recalled_version_is_a_version_like_any_other() -> None:
    effects = lived(0)
    parent, first, offsets = 0, 0, set[int]()
    for number, version in enumerate(versions(effects), 1):
        assert (version.number, version.parent, version.first_offset) == (number, parent, first)
        assert version.last_offset == version.examples - 1
        assert version.last_offset not in offsets, "two versions of one offset could not be told apart by it"
        offsets.add(version.last_offset)
        if version.decision.admitted:
            parent, first = version.number, version.last_offset + 1


@pytest.mark.parametrize("stop", [STAY + 700, 2 * STAY + 40])
def test_bank_and_trials_survive_a_restart(stop: int) -> None:
    log, plan = there_and_back(0), plan_of(contracts().pipeline)
    whole, effects = learned(log)
    assert effects == [*lived(0)]
    broken, before = learned(log[:stop])
    checkpoint = checkpoint_of(plan, broken)
    state = decode_state(plan, beginning().learner, checkpoint.payload)
    state, after = step(plan, state, log[np.flatnonzero(log.offset_B >= checkpoint.offset)])
    assert encode_state(plan, state) == encode_state(plan, whole)
    assert [*before, *after] == effects


@pytest.mark.parametrize("seed", range(3))
def test_no_published_version_loses_more_than_epsilon_on_a_compatible_concept(seed: int) -> None:
    here, there = stretch(STAY, False, -6.0, seed), stretch(STAY, True, 6.0, seed + 1)
    state, effects = learned(log_of(here, there))
    late = [version for version in versions(effects) if version.examples > STAY + 256]
    assert {version.decision.scores.get("concept_1_excess") is not None for version in late} == {True}
    for version in late:
        if version.decision.admitted:
            assert version.decision.scores["concept_1_excess"] <= 0.02
    forgot = [v for v in late if any("has forgotten concept 1" in reason for reason in v.decision.reasons)]
    assert forgot, "this learner has no replay, and forgets"
    assert state.place.examples == 2 * STAY


def test_what_the_present_contradicts_is_held_against_nobody() -> None:
    _, effects = learned(log_of(stretch(STAY, False, 0.0, 0), stretch(STAY, True, 0.0, 1)))
    late = [version for version in versions(effects) if version.examples > STAY + 1024]
    assert not [version for version in late if "concept_1_excess" in version.decision.scores]
    assert [v for v in versions(effects) if v.decision.admitted and v.examples > STAY]


def test_without_room_for_a_concept_nothing_is_recalled_or_held() -> None:
    pipeline = contracts().pipeline
    gate = pipeline.gate.model_copy(update={"concepts": pipeline.gate.concepts.model_copy(update={"size": 0})})  # type: ignore[union-attr]
    plan = plan_of(pipeline.model_copy(update={"gate": gate}))
    _, effects = step(plan, first_state(plan, pipeline_learner(pipeline)), there_and_back(0))
    assert not [version for version in versions(effects) if version.concept]


@pytest.mark.parametrize(("do", "rows"), [({"recall": {}}, 0), ({"retrain": {"how": "transfer", "last": 64}}, 64)])
def test_a_banked_version_stands_against_the_champion_when_asked(do: dict[str, Any], rows: int) -> None:
    plan, log = plan_of(contracts().pipeline), log_of(stretch(STAY, False, 0.0, 0), stretch(STAY, True, 0.0, 1))
    asked = Command(len(log) - 17, "react", "", Asked(id="1", do=Action.model_validate(do)))
    state, _ = step(plan, beginning(), log, (asked,), Log(log))
    assert state.challenger is not None
    assert (state.challenger.rows, state.challenger.begun) == (rows, len(log) - 16)
    assert state.court is not None
    banked = state.court.banked(None)
    assert banked is not None
    assert state.court.banked(77) is None
    heir = pipeline_learner(contracts().pipeline)
    assert isinstance(heir, Heir)
    heir.begin_from(banked.model)
    for start in range(len(log) - 16 - rows, len(log), 16):
        heir.learn_many(log[start : start + 16].features_BF, log[start : start + 16].label_B)
    assert encode_model(heir.served()) == encode_model(state.challenger.learner.served())
    payload = checkpoint_of(plan, state).payload
    assert encode_state(plan, decode_state(plan, beginning().learner, payload)) == encode_state(plan, state)
