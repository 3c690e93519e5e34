"""How long versions are kept is said in the pipeline file, and held by the topics' settings."""

from __future__ import annotations

import numpy as np
import pytest

from schemas.errors import ConfigurationError, DataError
from schemas.pipeline_file import parse_pipeline
from schemas.topics import MAX_MESSAGE_BYTES, TOPICS, topic_name, topic_plans
from schemas.versions import is_thinned, read_version
from tests.services.learner.rig import SMALL, small_contracts


def test_fewer_artefacts_than_versions_are_refused_with_the_reason() -> None:
    text = SMALL.replace("MODEL", "mlp").replace("keep_versions: 4", "keep_versions: 4, keep_artefacts: 3")
    with pytest.raises(ConfigurationError, match=r"keep_artefacts: must not be less than learner.keep_versions"):
        parse_pipeline(text, "small.yaml")
    assert small_contracts(keep="keep_versions: 4, keep_artefacts: 4").pipeline.learner.keep_artefacts == 4
    assert small_contracts().pipeline.learner.keep_artefacts == 500


def test_every_compacted_topic_is_really_compacted() -> None:
    plans = {plan.name: plan.config for plan in topic_plans(small_contracts().pipeline)}
    for spec in TOPICS:
        config = plans[topic_name("small", spec.role)]
        assert ("segment.bytes" in config) == spec.compacted
        if spec.compacted:
            assert int(config["segment.bytes"]) > MAX_MESSAGE_BYTES, "the largest message must fit into a segment"
            assert int(config["segment.ms"]) <= int(config["max.compaction.lag.ms"]) < 86_400_000


def test_only_a_published_version_can_be_thinned() -> None:
    columns = {"published": np.array([True, True, False]), "artefact": np.array([b"", b"x", b""], object)}
    assert is_thinned(columns).tolist() == [True, False, False]


def test_what_is_no_version_is_said_to_be_none() -> None:
    for value in (None, b"", b"rubbish"):
        with pytest.raises(DataError, match="no version"):
            read_version(small_contracts(), value)
