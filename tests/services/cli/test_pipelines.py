"""A pipeline file is checked, or begun, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.pipeline_file import parse_pipeline
from services.cli import execute
from services.cli.pipelines import template

SHIPPED = sorted(Path(__file__).parents[3].joinpath("pipelines").glob("*.yaml"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_pipelines_that_ship_are_right(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["pipelines", "check", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pipeline"] == file.stem


def test_there_are_pipelines_that_ship() -> None:
    assert {"flights", "electricity"} <= {file.stem for file in SHIPPED}


def test_a_new_file_is_right_and_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--folder", str(tmp_path / "new")]
    assert execute(["pipelines", "init", "card-fraud", *where]) == 0
    file = tmp_path / "new" / "card-fraud.yaml"
    before = file.read_text()
    assert execute(["pipelines", "check", str(file)]) == 0
    assert "card-fraud" in capsys.readouterr().out
    assert execute(["pipelines", "init", "card-fraud", *where]) == 3
    assert file.read_text() == before


@given(st.from_regex(r"[a-z][a-z0-9-]{0,40}", fullmatch=True))
def test_the_template_is_right_under_any_name(name: str) -> None:
    assert parse_pipeline(template(name), "x.yaml").pipeline == name


@pytest.mark.parametrize("name", ["Fraud", "1fraud", "a_b", "../a", ""])
def test_a_name_that_cannot_be_is_refused(name: str, tmp_path: Path) -> None:
    assert execute(["pipelines", "init", name, "--folder", str(tmp_path)]) == 3
    assert list(tmp_path.iterdir()) == []


def test_a_fault_is_told_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(template("p").replace("entity: card", "entity: crad"))
    assert execute(["pipelines", "check", str(file)]) == 3
    said = capsys.readouterr().err.replace("\n", " ")
    assert "no field 'crad'" in said
    assert "did you mean 'card'?" in said


def test_a_file_that_is_not_there_is_a_fault_of_configuration(tmp_path: Path) -> None:
    assert execute(["pipelines", "check", str(tmp_path / "none.yaml")]) == 3
