"""`up`, `down` and `status` as a machine uses them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters import local_stack
from services.cli import execute


def told(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_servers_that_exist_are_not_started(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    existing = ["--bootstrap", "kafka:9092", "--redis", "redis://redis:6379/0"]
    assert execute(["up", "--home", str(tmp_path), *existing, "--json"]) == 0
    assert told(capsys) == {"bootstrap": "kafka:9092", "redis": "redis://redis:6379/0"}
    assert local_stack.down(tmp_path) == ()


def test_one_server_up_seen_and_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", str(tmp_path), "--json"]
    try:
        assert execute(["up", "--bootstrap", "kafka:9092", *home]) == 0
        address = told(capsys)["redis"]
        assert execute(["status", *home]) == 4  # Kafka is not here
        kafka, redis = told(capsys)["servers"]
        assert (kafka["condition"], redis["condition"]) == ("stopped", "running")
        assert redis["address"] in address
    finally:
        assert execute(["down", *home]) == 0
    assert told(capsys) == {"ended": ["redis"]}


def test_nothing_to_end_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["down", "--home", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "Nothing was running.\n"
