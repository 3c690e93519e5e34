"""Schemas are shown, locked, and checked against their past, from the command line."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from schemas.generated import request_schema
from schemas.pipeline_file import parse_pipeline
from services.cli import execute
from services.cli.pipelines import template

TEXT = template("card-fraud")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "card-fraud.yaml"
    path.write_text(TEXT)
    return path


def _json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_every_subject_is_shown_with_its_id(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["schemas", "show", str(file), "--json"]) == 0
    rows = _json(capsys)
    assert {"Request", "payment", "Prediction", "Label"} <= {row["record"] for row in rows}
    assert len({row["subject"] for row in rows}) == len(rows)


def test_one_schema_is_printed_whole(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["schemas", "show", str(file), "--record", "Request"]) == 0
    assert _json(capsys) == request_schema(parse_pipeline(TEXT, "x"))
    assert execute(["schemas", "show", str(file), "--record", "Reqest"]) == 3
    assert "did you mean 'Request'?" in capsys.readouterr().err


def test_what_is_not_locked_fails_the_check_until_it_is(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["schemas", "check", str(file)]) == 3
    assert "anabranch schemas lock" in capsys.readouterr().err
    assert execute(["schemas", "lock", str(file)]) == 0
    assert execute(["schemas", "check", str(file)]) == 0


def test_a_new_field_that_may_be_missing_is_locked_beside_the_old(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    execute(["schemas", "lock", str(file)])
    file.write_text(TEXT.replace("    amount:", "    tip: {type: number, range: [0, 1]}\n    amount:", 1))
    assert execute(["schemas", "check", str(file)]) == 3
    capsys.readouterr()
    assert execute(["schemas", "lock", str(file), "--json"]) == 0
    assert _json(capsys)["new"] == ["Request"]
    assert execute(["schemas", "check", str(file)]) == 0


def test_a_change_that_cannot_read_the_past_is_refused(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    execute(["schemas", "lock", str(file)])
    before = file.with_suffix(".schemas.json").read_text()
    tip = "    tip: {type: number, range: [0, 1], missing: reject}\n    amount:"
    file.write_text(TEXT.replace("    amount:", tip, 1))
    for command in ("lock", "check", "show"):
        assert execute(["schemas", command, str(file)]) == 3
        assert "'tip' is new and has no default" in capsys.readouterr().err.replace("\n", " ")
    assert file.with_suffix(".schemas.json").read_text() == before


def test_the_asyncapi_document_can_be_written(file: Path, tmp_path: Path) -> None:
    assert execute(["schemas", "asyncapi", str(file), "--out", str(tmp_path / "a.json")]) == 0
    assert json.loads((tmp_path / "a.json").read_text())["asyncapi"] == "3.0.0"


def test_schemas_are_served_until_told_to_stop(file: Path) -> None:
    program = "import sys; from services.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-u", "-c", program, "schemas", "serve", str(file), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"http://[\d.:]+", server.stdout.readline())
        assert found
        with urllib.request.urlopen(f"{found[0]}/subjects", timeout=10) as answer:
            assert "card-fraud.requests.v1-value" in json.load(answer)
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) == 0
