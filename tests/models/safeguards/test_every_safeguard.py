"""Laws that hold for each safeguard, each kind of replay, each optimiser and schedule, alone and together."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import numpy as np
import pytest

from models.protocol import Heeding, Target
from models.snapshot import encode_model
from models.tensor_bytes import decode_snapshot, encode_snapshot
from models.torch_learner import TorchLearner
from schemas.errors import DataError
from tests.models.safeguards.rig import BATCH, learner, teach, teach_stream, weights
from tests.models.streams import TARGETS, WIDTH, stream

ALONE: dict[str, dict[str, Any]] = {
    "parent": {"parent": {"strength": 1.0}},
    "ewc": {"ewc": {"strength": 100.0}},
    "synaptic_intelligence": {"synaptic_intelligence": {"strength": 10.0}},
    "distillation": {"distillation": {"strength": 2.0}},
    "a_gem": {"a_gem": {"rows": 8, "every": 3}},
    "logit_replay": {"logit_replay": {"strength": 1.0}},
}
TOGETHER = {key: value for section in ALONE.values() for key, value in section.items()}
CHOICES: dict[str, dict[str, Any]] = {name: {"safeguards": section} for name, section in ALONE.items()}
CHOICES |= {
    "all": {"safeguards": TOGETHER},
    "all-on-balanced-replay": {"safeguards": TOGETHER, "replay": "concept_balanced"},
    "class-balanced": {"replay": "class_balanced"},
    "concept-balanced": {"replay": "concept_balanced"},
    "elastic-net": {"optimiser": {"l1": 0.001, "l2": 0.01}},
    "sam": {"optimiser": {"sam_radius": 0.05}},
    "reaction": {"optimiser": {"reaction": {"raise_rate": 3, "over": 50, "reset_head": True, "cool_down": 60}}},
    "warm-restart": {"optimiser": {"kind": "adam", "reaction": {"forget_moments": True, "cool_down": 0}}},
    "sgd-plain": {"optimiser": {"kind": "sgd", "momentum": 0.0}},
    **{kind: {"optimiser": {"kind": kind}} for kind in ("sgd", "adagrad", "rmsprop", "adam", "adamw")},
    **{
        f"{kind}-schedule": {"optimiser": {"schedule": {"kind": kind, "period": 90, "warm_up": 20, "restart": restart}}}
        for kind, restart in (
            ("step", "drift"),
            ("exponential", "period"),
            ("cosine", "period"),
            ("one_cycle", "drift"),
            ("constant", "drift"),
        )
    },
}
every_choice = pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES.keys())
HARDEST = {name: CHOICES[name] for name in ("all", "all-on-balanced-replay", "sam", "sgd", "adagrad", "rmsprop")}
# Each choice with one kind of target, in turn, and the largest mix with all three.
WITH_TARGETS = [
    *((name, target) for name, target in zip(CHOICES, cycle(TARGETS), strict=False)),
    *(("all-on-balanced-replay", target) for target in TARGETS),
]


def live(to: TorchLearner, part: int, target: Target = "binary") -> None:
    """A stretch of a learner's life with all that may be told to it."""
    teach_stream(to, 160, part, target)
    to.on_version()
    to.on_concept(part, contradicted=(part - 1,))
    teach_stream(to, 40, part + 10, target)
    to.on_drift()
    teach_stream(to, 40, part + 20, target)


@pytest.mark.parametrize(("name", "target"), sorted(set(WITH_TARGETS)))
def test_it_goes_on_from_a_snapshot_as_if_it_had_never_stopped(name: str, target: Target) -> None:
    choice = CHOICES[name]
    whole, again = learner(target=target, **choice), learner(target=target, **choice)
    live(whole, 1, target)
    again.restore(decode_snapshot(encode_snapshot(whole.snapshot())))
    for one in (whole, again):
        live(one, 2, target)
    assert encode_snapshot(whole.snapshot()) == encode_snapshot(again.snapshot())


@every_choice
def test_it_begins_from_a_snapshot_of_its_beginning(choice: dict[str, Any]) -> None:
    whole, again = learner(**choice), learner(**choice)
    again.restore(whole.snapshot())
    for one in (whole, again):
        live(one, 1)
    assert encode_snapshot(whole.snapshot()) == encode_snapshot(again.snapshot())


@every_choice
def test_it_changes_what_is_learned(choice: dict[str, Any]) -> None:
    """Otherwise the laws above would say nothing of it."""
    plain, other = learner(), learner(**choice)
    for one in (plain, other):
        live(one, 1)
    same = encode_model(plain.served())[1] == encode_model(other.served())[1]
    assert same == (choice == {"optimiser": {"kind": "adamw"}} or choice == {"optimiser": {"kind": "adam"}})


@pytest.mark.parametrize("choice", HARDEST.values(), ids=HARDEST.keys())
@pytest.mark.parametrize("trouble", ["one class", "constant features", "no features", "infinite features"])
def test_poor_data_leave_finite_answers(choice: dict[str, Any], trouble: str) -> None:
    one = learner(**choice)
    x_BF, y_B = stream("binary", 8 * BATCH, seed=3)
    if trouble == "one class":
        y_B[:] = 1
    elif trouble == "constant features":
        x_BF[:] = 3
    else:
        x_BF[:] = np.nan if trouble == "no features" else np.inf
    teach(one, x_BF, y_B)
    one.on_version()
    teach(one, x_BF, y_B)
    assert np.isfinite(one.predict_many(stream("binary", 20, seed=4)[0])).all()


@every_choice
def test_a_label_that_is_no_number_spoils_its_own_step_only(choice: dict[str, Any]) -> None:
    one = learner(target="regression", **choice)
    teach_stream(one, 96, 0, "regression")
    before = weights(one)
    x_BF, y_B = stream("regression", BATCH, seed=1)
    y_B[3] = np.nan
    one.learn_many(x_BF, y_B)
    after = weights(one)
    assert all(np.array_equal(before[name], after[name]) for name in before)
    teach_stream(one, 96, 2, "regression")
    later = weights(one)
    assert any(not np.array_equal(after[name], later[name]) for name in after)
    assert all(np.isfinite(value).all() for value in later.values())


def test_a_snapshot_of_another_mix_is_refused() -> None:
    saved = learner(ALONE["ewc"]).snapshot()
    with pytest.raises(DataError, match="safeguards"):
        learner(ALONE["parent"]).restore(saved)


def test_a_snapshot_with_a_part_missing_is_refused() -> None:
    saved = learner(ALONE["ewc"]).snapshot()
    saved.tensors.pop("safeguards.ewc.fisher.0")  # type: ignore[attr-defined]
    with pytest.raises(DataError, match=r"no fisher\.0"):
        learner(ALONE["ewc"]).restore(saved)


def test_a_learner_without_safeguards_saves_nothing_of_them() -> None:
    saved = learner().snapshot()
    assert saved.manifest.keys() == {"steps", "memory"}
    assert not [name for name in saved.tensors if name.startswith("safeguards")]


def test_a_learner_of_networks_heeds() -> None:
    assert isinstance(learner(), Heeding)


@pytest.mark.parametrize("section", ALONE.values(), ids=ALONE.keys())
def test_without_an_anchor_nothing_is_held(section: dict[str, Any]) -> None:
    """What only holds to anchors does nothing before the first one."""
    if section.keys() & {"a_gem", "logit_replay"}:
        return
    plain, other = learner(), learner({**section, "anchor": "version"})
    for one in (plain, other):
        teach_stream(one, 160, 0)
        one.on_concept(1)
    assert encode_model(plain.served()) == encode_model(other.served())
    other.on_version()
    for one in (plain, other):
        teach_stream(one, 160, 1)
    assert encode_model(plain.served()) != encode_model(other.served())


def test_only_a_change_of_concept_is_an_anchor() -> None:
    """That other concepts are contradicted now is no reason to hold to something else."""
    plain, told = (learner({**ALONE["parent"], "anchor": "concept"}) for _ in range(2))
    for one in (plain, told):
        teach_stream(one, 160, 0)
        one.on_concept(1)
        teach_stream(one, 160, 1)
    told.on_concept(1, contradicted=(0,))
    assert encode_snapshot(plain.snapshot()) == encode_snapshot(told.snapshot())
    told.on_concept(2)
    assert encode_snapshot(plain.snapshot()) != encode_snapshot(told.snapshot())


def test_whoever_has_learned_nothing_holds_to_nothing() -> None:
    """Told at its beginning which concept it is, it is the same as one that was never told."""
    told, untold = (learner({**TOGETHER, "anchor": "concept"}) for _ in range(2))
    told.on_concept(1)
    for one in (told, untold):
        teach_stream(one, 160, 0)
    assert encode_model(told.served()) == encode_model(untold.served())


def test_a_batch_of_no_replay_is_of_the_vectors_width() -> None:
    one = learner(TOGETHER, mix=0)
    teach_stream(one, 160, 0)
    assert one.snapshot().tensors["memory.x"].shape == (64, WIDTH + 1)
