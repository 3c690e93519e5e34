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
from models.drift.error_event import alarmed
from models.drift.event import drift_columns
from models.error_alarms import Rise
from schemas.contracts import contracts_of
from schemas.errors import DataError
from schemas.topics import topic_name
from services.cli.assembly import assemble
from tests.kafka_topics import await_true, send
from tests.models.drift.pipelines import small_pipeline
from tests.models.drift.streams import drifts_of, normal_rows, stream_pipeline
from tests.services.drift.test_edges import answers, skewed


@pytest.fixture
def where(stack: StackAddresses, tmp_path: Path) -> list[str]:
    """A pipeline on the broker, with one drift that has ended, one that lasts, and one of a detector on errors."""
    contracts = contracts_of(small_pipeline(pipeline=f"t{uuid4().hex[:12]}"))
    name, file = contracts.pipeline.pipeline, tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump(contracts.pipeline.model_dump(mode="json", exclude_none=True)), encoding="utf-8")
    apply_topics(contracts.pipeline, stack.bootstrap)
    random = np.random.default_rng(0)
    windows = [normal_rows(random, a=2.0 if 6 <= w < 12 else 0.0) for w in range(14)]
    rise = Rise("adwin", 4711, level=0.41, rows=64, start=2000.0, end=3000.0, before=0.2, before_rows=90, begin=0.0)
    drifts = (*drifts_of(stream_pipeline(), windows), *alarmed(None, rise, version=3)[1])
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
        [
            ("predictions:600", "closed", "abrupt"),
            ("predictions:1200", "opened", "recurring"),
            ("errors:adwin:4711", "opened", "unknown"),
        ],
    )
    lasting = [d["id"] for d in json.loads(call("drift", "list", "--open", "--json", *where)[1])]
    assert lasting == ["predictions:1200", "errors:adwin:4711"]
    assert "predictions:600" in call("drift", "list", *where)[1]
    plot = tmp_path / "drift.png"
    code, text = call("drift", "show", "predictions:600", "--png", str(plot), *where)
    assert (code, "█ both" in text, plot.exists()) == (0, True, True)
    assert json.loads(call("drift", "show", "predictions:1200", "--json", *where)[1])["recurs"] == "predictions:600"


def test_an_alarm_on_errors_is_shown_without_histograms(where: list[str], tmp_path: Path) -> None:
    assert "errors:adwin:4711" in call("drift", "list", *where)[1]
    code, text = call("drift", "show", "errors:adwin:4711", *where)
    assert (code, "by adwin at offset 4,711" in text, "█" in text) == (0, True, False)
    shown = json.loads(call("drift", "show", "errors:adwin:4711", "--json", *where)[1])
    assert (shown["statistic"], shown["threshold"], shown["p_value"]) == (0.41, 0.2, None)
    assert (shown["offset"], shown["version"], shown["histograms"]) == (4711, 3, [])


def test_edges_are_chosen_from_the_log_and_can_be_pasted(stack: StackAddresses, tmp_path: Path) -> None:
    contracts = contracts_of(small_pipeline(pipeline=f"t{uuid4().hex[:12]}"))
    file, document = tmp_path / "small.yaml", contracts.pipeline.model_dump(mode="json", exclude_none=True)
    file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    apply_topics(contracts.pipeline, stack.bootstrap)
    asked = ["drift", "edges", str(file), "--bootstrap", stack.bootstrap, "--rows", "200"]
    # New partitions have no leader yet: wait until they are found, and empty.
    await_true(lambda: isinstance(CliRunner().invoke(assemble(asked), asked).exception, DataError))
    topic = topic_name(contracts.pipeline.pipeline, "predictions")
    send(stack.bootstrap, topic, [(b"k", value) for value in answers(contracts, skewed(300))])
    await_true(lambda: call(*asked)[0] == 0)
    text = call(*asked)[1]
    edges = yaml.safe_load(text)["drift"]["edges"]
    document["drift"]["edges"] = edges
    file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    (size,) = json.loads(call(*asked, "--json")[1])
    assert (size["column"], size["edges"], size["matters"]) == ("size", edges["size"], True)
    assert 0 < size["rows"] <= 200
