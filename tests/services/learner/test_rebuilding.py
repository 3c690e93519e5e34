"""A version comes out again from what it was made of, or the cause is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.learner_log_memory import MemoryPartitionLog, MemoryTopics
from models.determinism import make_deterministic
from schemas.contracts import Contracts
from schemas.errors import DataError
from services.learner.effects import Candidate
from services.learner.rebuilding import rebuild
from services.learner.recipe import recipe_of
from services.learner.relearn import relearn
from tests.services.learner.rig import example_values, small_contracts

make_deterministic()
KIND = "river_logistic_regression"


def topics_with(contracts: Contracts, seed: int = 0) -> MemoryTopics:
    topics = MemoryTopics()
    topics.append(*example_values(contracts, 100, seed))
    return topics


def announced(contracts: Contracts, topics: MemoryTopics) -> list[dict[str, Any]]:
    recipe = json.dumps(recipe_of(contracts.pipeline))
    return [version.fields(0, 1.7e12, recipe) for version in relearn(contracts, MemoryPartitionLog(topics))]


def rebuilt(contracts: Contracts, topics: MemoryTopics, version: dict[str, Any]) -> Candidate:
    return rebuild(contracts, MemoryPartitionLog(topics), version, 0, lambda *_: None)


def test_each_version_comes_out_again() -> None:
    contracts = small_contracts(KIND)
    topics = topics_with(contracts)
    versions = announced(contracts, topics)
    assert [v["digest"] for v in versions] == [rebuilt(contracts, topics, v).digest for v in versions]
    assert len(versions) == 3


def test_a_log_that_was_trimmed_or_is_short_is_the_cause() -> None:
    contracts = small_contracts(KIND)
    whole = topics_with(contracts)
    last = announced(contracts, whole)[-1]
    with pytest.raises(DataError, match="begins at offset 5"):
        rebuilt(contracts, MemoryTopics(log=whole.log[5:]), last)
    with pytest.raises(DataError, match="ends before its last offset, 95"):
        rebuilt(contracts, MemoryTopics(log=whole.log[:90]), last)


def test_a_log_with_other_examples_is_told_from_a_changed_file() -> None:
    contracts = small_contracts(KIND)
    last = announced(contracts, topics_with(contracts))[-1]
    with pytest.raises(DataError, match="so log or code is not"):
        rebuilt(contracts, topics_with(contracts, seed=1), last)
    thinner = topics_with(contracts)
    thinner.log[40] = (40, b"rubbish")
    with pytest.raises(DataError, match="makes 2 versions up to its last offset"):
        rebuilt(contracts, thinner, last)


def test_another_processor_or_library_is_named() -> None:
    contracts = small_contracts(KIND)
    topics = topics_with(contracts)
    last = announced(contracts, topics)[-1]
    then = json.loads(last["recipe"]) | {"cpu": "ABACUS", "torch": "0.1"}
    with pytest.raises(DataError, match=r"torch was '0.1' and is .*; cpu was 'ABACUS'"):
        rebuilt(contracts, topics, last | {"recipe": json.dumps(then), "digest": "other"})


def test_a_record_without_a_recipe_says_so() -> None:
    contracts = small_contracts(KIND)
    topics = topics_with(contracts)
    last = announced(contracts, topics)[-1]
    with pytest.raises(DataError, match="does not say what it was made with"):
        rebuilt(contracts, topics, last | {"recipe": "", "digest": "other"})
