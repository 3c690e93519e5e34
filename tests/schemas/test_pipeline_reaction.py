"""Reactions in a pipeline file: what cannot be done there is an error that says what to change."""

from __future__ import annotations

import pytest

from schemas.errors import ConfigurationError
from schemas.pipeline import Pipeline
from schemas.pipeline_file import parse_pipeline
from tests.services.learner.rig import SMALL

BETTER = "gate: {policy: better}\n"
RULE = "[{drift: {kinds: [concept, prior]}, do: {raise_rate: {times: 3}}}, {time: 7d, do: {retrain: {last: 640}}}]"


def parsed(rules: str, gate: str = "", model: str = "mlp") -> Pipeline:
    text = SMALL.replace("MODEL", model).replace("keep_versions: 4", f"keep_versions: 4, reactions: {rules}")
    return parse_pipeline(text + gate, "small.yaml")


def test_what_a_file_says_is_what_it_means() -> None:
    first, second = parsed(RULE).learner.reactions
    assert first.drift is not None
    assert (first.drift.kinds, first.drift.severity) == (("concept", "prior"), "act")
    assert first.do.raise_rate is not None
    assert (first.do.raise_rate.times, first.do.steps) == (3.0, ("raise_rate",))
    assert second.time == 7 * 86_400_000
    assert second.do.retrain is not None
    assert (second.do.retrain.how, second.do.retrain.last, second.do.steps) == ("full", 640, ())


def test_a_file_without_reactions_is_written_as_it_was() -> None:
    assert "reactions" not in parsed("[]").learner.model_dump_json()


@pytest.mark.parametrize(
    ("rules", "gate", "model", "why"),
    [
        ("[{do: {warm_restart: true}}]", "", "mlp", "exactly one of drift"),
        ("[{time: 1d, examples: 5, do: {warm_restart: true}}]", "", "mlp", "exactly one of drift"),
        ("[{time: 0s, do: {warm_restart: true}}]", "", "mlp", "above 0"),
        ("[{time: 1d, do: {}}]", "", "mlp", "says nothing to do"),
        ("[{time: 1d, do: {recall: {}, retrain: {}}}]", BETTER, "mlp", "leave one out"),
        ("[{time: 1d, do: {retrain: {last: 5, between: [0, 5]}}}]", "", "mlp", "leave one out"),
        ("[{time: 1d, do: {retrain: {concept: 5}}}]", "", "mlp", "set `how` to transfer"),
        ("[{time: 1d, do: {warm_restart: true}}]", "", "contest", "for networks only"),
        ("[{time: 1d, do: {retrain: {how: incremental}}}]", "", "mlp", "gate.policy: better"),
        ("[{time: 1d, do: {retrain: {how: incremental}}}]", BETTER, "river_logistic_regression", "for networks only"),
        ("[{time: 1d, do: {recall: {}}}]", "gate: {policy: better, concepts: {size: 0}}", "mlp", "concepts.size"),
        ("[{regime: true, do: {warm_restart: true}}]", "", "mlp", "gate.policy"),
        ("[{worse: {by: 0.1, than: champion}, do: {warm_restart: true}}]", "", "mlp", "take own"),
        ("[{drift: {kinds: [strange]}, do: {warm_restart: true}}]", "", "mlp", "learner.reactions.0.drift.kinds.0"),
    ],
)
def test_what_cannot_be_done_is_said(rules: str, gate: str, model: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        parsed(rules, gate, model)


def test_any_learner_can_be_retrained_in_full() -> None:
    for model in ("mlp", "contest", "river_logistic_regression"):
        assert parsed("[{time: 1d, do: {retrain: {}}}]", "", model).learner.reactions
