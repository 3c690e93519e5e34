"""Topics are compared, applied and listed from the command line, on a real broker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.local_stack import StackAddresses
from services.cli import execute
from services.cli.pipelines import template


def _json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_a_dry_run_shows_what_applying_then_does(
    stack: StackAddresses, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "topics-cli.yaml"
    file.write_text(template("topics-cli"))
    where = [str(file), "--bootstrap", stack.bootstrap]
    capsys.readouterr()
    assert execute(["topics", "apply", *where, "--dry-run", "--json"]) == 0
    would = _json(capsys)
    assert execute(["topics", "apply", *where, "--json"]) == 0
    assert _json(capsys) == {"applied": True, "changes": would["changes"]}
    assert execute(["topics", "apply", *where]) == 0
    assert "as they must be" in capsys.readouterr().out
    assert execute(["topics", "list", "--bootstrap", stack.bootstrap, "--pipeline", "topics-cli", "--json"]) == 0
    assert set(_json(capsys)) == {change["topic"] for change in would["changes"]}


def test_differences_are_told_to_people(
    stack: StackAddresses, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "topics-told.yaml"
    file.write_text(template("topics-told"))
    assert execute(["topics", "apply", str(file), "--dry-run", "--bootstrap", stack.bootstrap]) == 0
    assert "topics-told.requests.v1" in capsys.readouterr().out
