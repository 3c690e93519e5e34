"""What people ask of the learner becomes a record of its log that says what they said; what it cannot do is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from adapters.local_stack import StackAddresses
from schemas.commands import Asked
from schemas.errors import ConfigurationError
from schemas.examples import read_whole_log
from schemas.records import Records
from services.cli.assembly import assemble
from tests.services.learner.rig import BETTER, SMALL, small_contracts


class Sent:
    """Takes the place of the way to Kafka."""

    def __init__(self) -> None:
        self.records: list[tuple[str, bytes, int]] = []

    def __call__(self, bootstrap: str) -> Sent:
        return self

    def send(self, topic: str, key: bytes, value: bytes, partition: int) -> None:
        self.records.append((topic, value, partition))

    def flush(self) -> None:
        """All is there."""

    def close(self) -> None:
        """Nothing to leave."""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    found = Sent()
    monkeypatch.setattr("services.cli.learner_command.Publisher", found)
    addresses = StackAddresses("127.0.0.1:1", "redis://127.0.0.1:1")
    monkeypatch.setattr("adapters.local_stack.find_stack", lambda *_, **__: addresses)
    return found


def call(folder: Path, *words: str, gate: str = BETTER, model: str = "mlp") -> Result:
    file = folder / "small.yaml"
    file.write_text(SMALL.replace("MODEL", model) + gate, encoding="utf-8")
    argv = ["learner", *words, "--pipeline", str(file), "--reason", "a storm"]
    return CliRunner().invoke(assemble(argv), argv)


@pytest.mark.parametrize(
    ("words", "do"),
    [
        ("react --do warm_restart --do reset_head", {"warm_restart": True, "reset_head": True}),
        ("react --do raise_rate --times 3 --over 99", {"raise_rate": {"times": 3.0, "over": 99}}),
        ("retrain", {"retrain": {}}),
        (
            "retrain --how incremental --last 640 --passes 2",
            {"retrain": {"how": "incremental", "last": 640, "passes": 2}},
        ),
        ("retrain --first-offset 5 --last-offset 99", {"retrain": {"between": [5, 99]}}),
        ("retrain --how transfer --concept 2", {"retrain": {"how": "transfer", "concept": 2}}),
        ("recall --trial 500", {"recall": {"trial": 500}}),
    ],
)
def test_what_was_said_stands_in_the_log(words: str, do: dict[str, Any], tmp_path: Path, sent: Sent) -> None:
    told = call(tmp_path, *words.split(), "--json", "--ordinal", "0")
    assert told.exit_code == 0, told.output
    ((topic, value, partition),) = sent.records
    assert (topic, partition) == ("small.examples.v1", 0)
    one_B = np.zeros(1, np.int64)
    records = Records(topic, one_B.astype(np.int32), one_B, one_B, [None], [value], [()])
    _, (command,), _ = read_whole_log(small_contracts("mlp", gate=BETTER), records)
    assert isinstance(command.argument, Asked)
    assert command.argument.do.model_dump(mode="json", exclude_defaults=True) == do
    assert (command.name, command.reason) == ("react", "a storm")
    assert json.loads(told.stdout)["id"] == command.argument.id


def test_what_is_told_names_what_was_asked(tmp_path: Path, sent: Sent) -> None:
    assert call(tmp_path, "recall", "--concept", "2").stdout.startswith("recall is in small.examples.v1/0")
    assert call(tmp_path, "freeze").stdout.startswith("freeze is in small.examples.v1/0")


def test_asking_twice_is_two_requests(tmp_path: Path, sent: Sent) -> None:
    for _ in range(2):
        assert call(tmp_path, "react", "--do", "warm_restart").exit_code == 0
    assert len({value for _, value, _ in sent.records}) == 2


@pytest.mark.parametrize(
    ("words", "gate", "model", "why"),
    [
        ("react --do warm_restart", "", "contest", "for networks only"),
        ("retrain --how incremental", "", "mlp", "gate.policy: better"),
        ("recall", "gate: {policy: better, concepts: {size: 0}}", "mlp", "gate.concepts.size"),
    ],
)
def test_what_this_learner_cannot_do_is_not_sent(
    words: str, gate: str, model: str, why: str, tmp_path: Path, sent: Sent
) -> None:
    told = call(tmp_path, *words.split(), gate=gate, model=model)
    assert isinstance(told.exception, ConfigurationError)
    assert why in str(told.exception)
    assert not sent.records


@pytest.mark.parametrize(
    "words",
    [
        "retrain --first-offset 5",
        "retrain --last 5 --first-offset 1 --last-offset 2",
        "react --do dance",
        "react",
        "react --do reset_head --times 5",
        "react --do warm_restart --ordinal 1",
        "freeze --ordinal 1",
    ],
)
def test_what_makes_no_sense_is_a_mistake_of_usage(words: str, tmp_path: Path, sent: Sent) -> None:
    assert call(tmp_path, *words.split()).exit_code == 2
    assert not sent.records
