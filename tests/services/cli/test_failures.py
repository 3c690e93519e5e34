"""Each error leaves with the code of its branch of the tree, and tells a person or a machine the cure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from schemas.errors import AnabranchError, ConfigurationError, DataError, DependencyError, SecurityRefusal
from services.cli import execute
from services.cli.failures import exit_code_of


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("w"), 3),
        (DependencyError("w"), 4),
        (DataError("w"), 5),
        (SecurityRefusal("w"), 6),
        (AnabranchError("w"), 70),
        (ZeroDivisionError("w"), 70),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_code_follows_the_tree(error: BaseException, code: int) -> None:
    assert exit_code_of(error, as_json=False) == code


def test_person_reads_what_and_cure(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code_of(DependencyError("Kafka is away [pid 7].", "Start it."), as_json=False)
    assert capsys.readouterr().err == "error: Kafka is away [pid 7].\n  cure: Start it.\n"


def test_machine_reads_json(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code_of(DependencyError("Kafka is away.", "Start it."), as_json=True)
    told = json.loads(capsys.readouterr().err)
    assert told == {"error": "DependencyError", "what": "Kafka is away.", "cure": "Start it."}


def test_unknown_command_is_a_usage_error() -> None:
    assert execute(["upp"]) == 2


def test_wrong_variable_is_a_configuration_error_that_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANABRANCH_HTTP_PORT", "many")
    assert execute(["status"]) == 3
    assert "ANABRANCH_HTTP_PORT" in capsys.readouterr().err


def test_damaged_state_is_a_data_error(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text("{")
    assert execute(["status", "--home", str(tmp_path)]) == 5
