"""`anabranch concepts` tells what the last checkpoint holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.checkpoint_folder import CheckpointFolder
from schemas.errors import DataError
from services.cli.assembly import assemble
from services.cli.concept_telling import remark
from services.learner.core import checkpoint_of, step
from services.learner.effects import Checkpoint
from services.learner.kept_concepts import concepts_in
from services.learner.plan import plan_of
from tests.services.learner.rig import small_contracts
from tests.services.learner.test_gate import beginning as beginning_of
from tests.services.learner.test_recall import STAY, TEXT, beginning, contracts, log_of, stretch

Call = Callable[..., str]


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    """After one regime and its contradiction."""
    plan = plan_of(contracts().pipeline)
    log = log_of(stretch(STAY, False, 0.0, 0), stretch(STAY, True, 0.0, 1))
    return checkpoint_of(plan, step(plan, beginning(), log)[0])


@pytest.fixture
def call(tmp_path: Path, checkpoint: Checkpoint) -> Call:
    folder = CheckpointFolder(tmp_path / "learner" / "turns" / "0")
    with folder.locked():
        folder.save(checkpoint.offset, checkpoint.payload)
    file = tmp_path / "turns.yaml"
    file.write_text(TEXT, encoding="utf-8")

    def calling(*arguments: str) -> str:
        argv = ["concepts", *arguments, "--pipeline", str(file), "--home", str(tmp_path)]
        result = CliRunner().invoke(assemble(argv), argv, catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout

    return calling


def test_the_banked_and_the_present_concept_are_listed(call: Call) -> None:
    rows = json.loads(call("list", "--json"))
    assert rows[0]["state"] == "contradicted"
    assert rows[-1]["state"] == "present"
    assert [row["number"] for row in rows] == sorted(row["number"] for row in rows)
    assert rows[0]["version"] >= 1
    assert 0.05 < rows[0]["loss"] < 0.2
    assert rows[0]["last_seen"] <= STAY + 512
    assert "contradicted" in call("list")


def test_a_concept_is_shown_with_inputs_labels_and_evidence(call: Call) -> None:
    told = json.loads(call("show", "1", "--json"))
    assert told["sample"]["rows"] == sum(told["sample"]["labels"].values()) == 128
    assert abs(told["inputs"]["price"]["p50"]) < 0.5
    assert told["inputs"]["shop"]["codes"] == 1
    assert told["evidence"]["differs"] >= 9.9
    assert told["distances"]["1"] == 0.0
    assert json.loads(call("show", "1")) == told


def test_what_is_not_there_is_said_with_a_cure(call: Call, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no concept 99"):
        call("show", "99")
    with pytest.raises(DataError, match="no checkpoint"):
        call("list", "--ordinal", "3")
    plain = small_contracts()
    payload = checkpoint_of(plan_of(plain.pipeline), beginning_of(plain)).payload
    with pytest.raises(DataError, match="no bank"):
        concepts_in(payload)


def test_that_every_regime_ends_too_soon_is_said_with_a_cure(checkpoint: Checkpoint) -> None:
    kept = concepts_in(checkpoint.payload)
    assert kept.open is not None
    assert not remark(kept)
    assert not remark(replace(kept, closed=(), open=replace(kept.open, number=1)))
    assert "gate.concepts.distance" in remark(replace(kept, closed=(), open=replace(kept.open, number=16)))
