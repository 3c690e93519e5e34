"""Commands: what a person tells the learner. They travel in the examples log, so that weights follow from it alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from schemas.contracts import Contracts
from schemas.decoded import Fault, Part

CommandName = Literal["freeze", "thaw"]
COMMANDS: Final[tuple[str, ...]] = get_args(CommandName)


@dataclass(frozen=True, slots=True)
class Command:
    """A command at its offset in the log.

    It holds for the first minibatch whose examples all come after it.
    """

    offset: int
    name: CommandName
    reason: str


def encode_command(contracts: Contracts, name: CommandName, reason: str, time_ms: float) -> bytes:
    """Write a command as a record of the examples topic."""
    text = {"command": name, "argument": "{}", "reason": reason}
    columns = {field: np.array([value.encode()]) for field, value in text.items()}
    (value,) = contracts.codec("Command").encode({"time": np.array([time_ms]), **columns})
    return value


def commands_of(part: Part, offset_N: NDArray[np.int64]) -> tuple[tuple[Command, ...], tuple[Fault, ...]]:
    """Take the commands that are known; the others become faults.

    Parameters
    ----------
    part : Part
        Decoded ``Command`` records, N rows.
    offset_N : ndarray of int64, shape (N,)
        Their offsets in the log.
    """
    commands, faults = list[Command](), list[Fault]()
    texts = zip(part.columns["command"].tolist(), part.columns["reason"].tolist(), strict=True)
    for row, offset, (name, reason) in zip(part.row_N.tolist(), offset_N.tolist(), texts, strict=True):
        word = bytes(name).decode()
        if word in COMMANDS:
            commands.append(Command(offset, cast("CommandName", word), bytes(reason).decode()))
        else:
            faults.append(Fault(row, "unusable", f"command: {word!r} is unknown"))
    return tuple(commands), tuple(faults)
