"""Commands: what a person tells the learner. They travel in the examples log, so that weights follow from it alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from schemas.contracts import Contracts
from schemas.decoded import Fault, Part
from schemas.pipeline_reaction import Action
from schemas.section import Section

CommandName = Literal["freeze", "thaw", "drift", "react"]
COMMANDS: Final[tuple[str, ...]] = get_args(CommandName)


class DriftNotice(Section):
    """What the learner is told of a drift: fields as in ``drift.avsc``. Told again, it is the same drift by its id."""

    id: str
    kind: str
    pattern: str = "unknown"
    severity: str = "act"
    state: str = "opened"


class Asked(Section):
    """What a person asks the learner to do. Written again under the same `id`, it is done once."""

    id: str
    do: Action


Argument = DriftNotice | Asked
_ARGUMENTS: Final[dict[str, type[DriftNotice] | type[Asked]]] = {"drift": DriftNotice, "react": Asked}


@dataclass(frozen=True, slots=True)
class Command:
    """A command at its offset in the log.

    It holds for the first minibatch whose examples all come after it. `argument` is there for drift and react.
    """

    offset: int
    name: CommandName
    reason: str
    argument: Argument | None = None


def encode_command(
    contracts: Contracts, name: CommandName, reason: str, time_ms: float, argument: Argument | None = None
) -> bytes:
    """Write a command as a record of the examples topic."""
    told = "{}" if argument is None else argument.model_dump_json(exclude_defaults=True)
    text = {"command": name, "argument": told, "reason": reason}
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
    texts = zip(*(part.columns[name].tolist() for name in ("command", "argument", "reason")), strict=True)
    for row, offset, words in zip(part.row_N.tolist(), offset_N.tolist(), texts, strict=True):
        try:
            commands.append(_command(offset, *(bytes(word).decode() for word in words)))
        except ValueError as error:
            faults.append(Fault(row, "unusable", f"command: {error}"))
    return tuple(commands), tuple(faults)


def _command(offset: int, name: str, argument: str, reason: str) -> Command:
    if name not in COMMANDS:
        raise ValueError(f"{name!r} is unknown")
    kind = _ARGUMENTS.get(name)
    try:
        told = None if kind is None else kind.model_validate_json(argument)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    return Command(offset, cast("CommandName", name), reason, told)
