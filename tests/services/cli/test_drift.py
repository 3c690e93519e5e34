"""`anabranch drift` on a real broker: what drift_watch reported is listed and shown."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from adapters.local_stack import StackAddresses
from adapters.topics_admin import apply_topics
from models.drift.event import drift_columns
from schemas.contracts import contracts_of
from schemas.topics import topic_name
from services.cli.assembly import assemble
from tests.kafka_topics import send
from tests.models.drift.pipelines import small_pipeline
from tests.models.drift.streams import drifts_of, normal_rows, stream_pipeline


@pytest.fixture
def where(stack: StackAddresses, tmp_path: Path) -> list[str]:
    """A pipeline on the broker, with one drift that has ended and one that lasts."""
    contracts = contracts_of(small_pipeline(pipeline=f"t{uuid4().hex[:12]}"))
    name, file = contracts.pipeline.pipeline, tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump(contracts.pipeline.model_dump(mode="json", exclude_none=True)), encoding="utf-8")
    apply_topics(contracts.pipeline, stack.bootstrap)
    random = np.random.default_rng(0)
    windows = [normal_rows(random, a=2.0 if 6 <= w < 12 else 0.0) for w in range(14)]
    drifts = tuple(drifts_of(stream_pipeline(), windows))
    values = contracts.codec("Drift").encode(drift_columns(drifts))
    topic = topic_name(name, "drift")
    send(stack.bootstrap, topic, [(d.id.encode(), value) for d, value in zip(drifts, values, strict=True)])
    return ["--pipeline", str(file), "--bootstrap", stack.bootstrap]


def call(*argv: str) -> tuple[int, str]:
    result = CliRunner().invoke(assemble(argv), argv)
    return result.exit_code, result.stdout


def test_drifts_are_listed_shown_and_plotted(where: list[str], tmp_path: Path) -> None:
    code, text = call("drift", "list", "--json", *where)
    listed = [(d["id"], d["state"], d["pattern"]) for d in json.loads(text)]
    assert (code, listed) == (
        0,
        [("predictions:600", "closed", "abrupt"), ("predictions:1200", "opened", "recurring")],
    )
    assert [d["id"] for d in json.loads(call("drift", "list", "--open", "--json", *where)[1])] == ["predictions:1200"]
    assert "predictions:600" in call("drift", "list", *where)[1]
    plot = tmp_path / "drift.png"
    code, text = call("drift", "show", "predictions:600", "--png", str(plot), *where)
    assert (code, "█ both" in text, plot.exists()) == (0, True, True)
    assert json.loads(call("drift", "show", "predictions:1200", "--json", *where)[1])["recurs"] == "predictions:600"
