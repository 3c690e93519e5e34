"""Retraining is part of the fold: a challenger learns what the log says, and has its place only if it is better."""

from __future__ import annotations

import numpy as np
import pytest

from models.assembly import pipeline_learner
from models.protocol import Snapshot
from models.snapshot import decode_model, encode_model
from models.tensor_bytes import decode_snapshot, encode_snapshot
from schemas.commands import Command
from schemas.examples import Examples
from services.learner.core import checkpoint_of
from services.learner.plan import plan_of
from services.learner.state import decode_state
from tests.services.learner.reacting import ROWS, asked, lived, lived_on, reacting, retrained
from tests.services.learner.rig import small_contracts
from tests.services.learner.test_gate import beginning, candidates, log_of


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
