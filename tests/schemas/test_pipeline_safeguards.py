"""What a pipeline file says of safeguards and optimisers is checked, and what it does not say changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from schemas.errors import ConfigurationError
from schemas.pipeline import Pipeline
from schemas.pipeline_file import parse_pipeline
from tests.schemas.pipelines import small_pipeline


def parsed(**sections: Any) -> Pipeline:
    whole = small_pipeline().model_dump(exclude_unset=True, mode="json", exclude={"join"})
    return parse_pipeline(yaml.safe_dump({**whole, "join": {"wait": "1h"}, **sections}), "x.yaml")


def test_all_may_be_mixed() -> None:
    names = ("parent", "ewc", "synaptic_intelligence", "distillation", "a_gem", "logit_replay", "ensemble")
    safeguards = {"anchor": "concept", **{name: {} for name in names}}
    found = parsed(learner={"safeguards": safeguards}, gate={"policy": "better"})
    assert set(found.learner.safeguards.chosen) == set(names)
    assert found.learner.safeguards.need_memory == ("a_gem", "logit_replay")


@pytest.mark.parametrize("anchor", ["version", "concept", 1, 4096])
def test_an_anchor_is_a_word_or_a_count(anchor: str | int) -> None:
    assert parsed(learner={"safeguards": {"anchor": anchor}}).learner.safeguards.anchor == anchor


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "a wrong name": ({"learner": {"safeguards": {"ewk": {}}}}, r"unknown key; did you mean 'ewc'"),
    "a wrong key": ({"learner": {"safeguards": {"ewc": {"strenght": 1}}}}, r"did you mean 'strength'"),
    "no strength": ({"learner": {"safeguards": {"ewc": {"strength": 0}}}}, r"ewc\.strength: .*greater than 0"),
    "too much decay": ({"learner": {"safeguards": {"ewc": {"decay": 1.5}}}}, r"ewc\.decay: .*less than or equal to 1"),
    "a cold teacher": (
        {"learner": {"safeguards": {"distillation": {"temperature": 0.5}}}},
        r"temperature: .*equal to 1",
    ),
    "an anchor at nothing": ({"learner": {"safeguards": {"anchor": 0}}}, r"anchor.*greater than or equal to 1"),
    "no memory": (
        {"learner": {"replay": {"kind": "none"}, "safeguards": {"a_gem": {}}}},
        r"a_gem among the safeguards must have a replay memory",
    ),
    "no bank to anchor by": (
        {"learner": {"safeguards": {"anchor": "concept", "ewc": {}}}},
        r"anchor: .*concepts\.size",
    ),
    "no bank to restart by": (
        {"model": {"optimiser": {"schedule": {"kind": "cosine", "restart": "drift"}}}},
        r"schedule\.restart: .*gate\.policy",
    ),
    "no bank to react to": (
        {
            "model": {"optimiser": {"reaction": {"raise_rate": 3}}},
            "gate": {"policy": "better", "concepts": {"size": 0}},
        },
        r"optimiser\.reaction: .*learner\.reactions",
    ),
    "River": (
        {"model": {"kind": "river_logistic_regression"}, "learner": {"safeguards": {"ewc": {}}}},
        r"learner\.safeguards: ewc: they act on networks",
    ),
    "no classes": (
        {"target": {"type": "regression", "range": [0, 1]}, "learner": {"replay": {"kind": "class_balanced"}}},
        r"learner\.replay\.kind: a regression has no classes",
    ),
    "a wrong optimiser": ({"model": {"optimiser": {"kind": "adamx"}}}, r"optimiser\.kind"),
    "too much momentum": ({"model": {"optimiser": {"momentum": 1}}}, r"momentum: .*less than 1"),
    "a constant that restarts": (
        {"model": {"optimiser": {"schedule": {"restart": "period"}}}},
        r"within one period constant does not fall",
    ),
}


@pytest.mark.parametrize(("sections", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_named(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        parsed(**sections)


def test_keys_that_came_later_leave_no_trace_until_they_are_used() -> None:
    """Fingerprints of checkpoints and recipes of versions are made of these words."""
    plain = small_pipeline()
    assert "safeguards" not in plain.learner.model_dump()
    assert plain.model.optimiser.model_dump().keys() == {"kind", "rate", "weight_decay", "clip"}
    used = small_pipeline(learner={"safeguards": {"ewc": {}}}, model={"optimiser": {"l1": 0.1}})
    assert used.learner.model_dump()["safeguards"]["ewc"] == {"strength": 10.0, "decay": 0.9}
    assert used.model.optimiser.model_dump()["l1"] == 0.1
