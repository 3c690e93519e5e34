"""Commands are read with their places; what is unknown is a fault, and none of them is an example."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.commands import COMMANDS, Argument, Asked, CommandName, DriftNotice, encode_command
from schemas.examples import read_log, read_whole_log
from schemas.pipeline_reaction import Action
from schemas.records import Records
from tests.services.learner.rig import example_values, small_contracts

CONTRACTS = small_contracts()
DO = Action.model_validate({"retrain": {"how": "incremental", "last": 4096}, "warm_restart": True})
ARGUMENTS: dict[CommandName, Argument | None] = {
    "freeze": None,
    "thaw": None,
    "drift": DriftNotice(id="labels:1:prior", kind="prior", state="closed", pattern="blip"),
    "react": Asked(id="7f", do=DO),
}


def unknown(word: str, argument: str = "{}") -> bytes:
    text = {"command": word, "argument": argument, "reason": ""}
    columns = {name: np.array([said.encode()]) for name, said in text.items()}
    (value,) = CONTRACTS.codec("Command").encode({"time": np.array([0.0]), **columns})
    return value


@settings(max_examples=40, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(["example", *COMMANDS, "dance"]), max_size=12),
    reason=st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20),
)
def test_every_row_is_an_example_a_command_or_a_fault(kinds: list[str], reason: str) -> None:
    examples = iter(example_values(CONTRACTS, len(kinds)))
    known: dict[str, bytes] = {
        word: encode_command(CONTRACTS, word, reason, 1.0, told) for word, told in ARGUMENTS.items()
    }
    values = [next(examples) if kind == "example" else known.get(kind) or unknown(kind) for kind in kinds]
    zeros_B, offset_B = np.zeros(len(kinds), np.int64), 3 * np.arange(len(kinds)) + 5
    records = Records("e", zeros_B.astype(np.int32), offset_B, zeros_B, [None] * len(kinds), values, [()] * len(kinds))
    found, commands, faults = read_whole_log(CONTRACTS, records)
    at = dict(zip(offset_B.tolist(), kinds, strict=True))
    assert found.offset_B.tolist() == [offset for offset, kind in at.items() if kind == "example"]
    assert [(c.offset, c.name, c.reason) for c in commands] == [(o, k, reason) for o, k in at.items() if k in COMMANDS]
    assert [c.argument for c in commands] == [ARGUMENTS[c.name] for c in commands]
    assert [(f.row, f.reason) for f in faults] == [(row, "unusable") for row, k in enumerate(kinds) if k == "dance"]
    assert read_log(CONTRACTS, records)[1] == faults


@pytest.mark.parametrize(
    ("word", "argument", "why"),
    [
        ("react", "{}", "react: id: Field required"),
        ("react", '{"id": "1", "do": {}}', "says nothing to do"),
        ("react", '{"id": "1", "do": {"dance": true}}', "do.dance: Extra inputs"),
        ("react", '{"id": "1", "do": {"retrain": {"between": [5, 4]}}}', "do not fall"),
        ("drift", "[", "Invalid JSON"),
        ("drift", '{"id": "1"}', "drift: kind: Field required"),
    ],
)
def test_a_command_that_cannot_be_followed_is_a_fault_that_says_why(word: str, argument: str, why: str) -> None:
    one_B = np.zeros(1, np.int64)
    value = unknown(word, argument)
    records = Records("e", one_B.astype(np.int32), one_B, one_B, [None], [value], [()])
    _, commands, (fault,) = read_whole_log(CONTRACTS, records)
    assert not commands
    assert fault.reason == "unusable"
    assert why in fault.detail
