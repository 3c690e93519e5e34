"""A command in the examples log is neither an example nor a fault; one that nobody knows is."""

from __future__ import annotations

import numpy as np
import pytest

from schemas.commands import COMMANDS, encode_command
from schemas.records import Outgoing
from services.verify.report import Report
from tests.services.verify.world import checked, resumed, world


def with_command(word: str) -> Report:
    copy = resumed(world())
    value = encode_command(copy.contracts, "freeze", "by hand", 1.7e12)
    if word not in COMMANDS:
        text = {"command": word, "argument": "{}", "reason": ""}
        columns = {name: np.array([said.encode()]) for name, said in text.items()}
        (value,) = copy.contracts.codec("Command").encode({"time": np.array([1.7e12]), **columns})
    copy.broker.append(Outgoing(copy.topic("examples"), [b""], [value], 0))
    return checked(copy)


def untold(report: Report) -> int:
    (examples,) = (equation for equation in report.equations if equation.name == "examples")
    return sum(term.count for term in examples.terms if term.name == "refused, not told yet")


@pytest.mark.parametrize(("word", "refused"), [*((word, 0) for word in COMMANDS), ("dance", 1)])
def test_only_an_unknown_command_is_to_be_refused(word: str, refused: int) -> None:
    report = with_command(word)
    assert report.holds, str(report)
    assert untold(report) == refused
