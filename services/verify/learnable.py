"""Which rows of the examples log can be learned from, and which must have become dead letters. Pure."""

from __future__ import annotations

import numpy as np

from adapters.whole_log import Stretch
from schemas.commands import commands_of
from schemas.contracts import Contracts
from schemas.decoded import Part
from schemas.examples import examples_of
from services.verify.keys import Ints


def learnable(contracts: Contracts, stretch: Stretch, part: Part | None) -> tuple[Ints, Ints]:
    """Offsets of rows that can be learned from, and of the others but commands.

    Parameters
    ----------
    part : Part or None
        The ``Example`` records of the stretch.
    """
    good_N = np.empty(0, np.int64)
    if part is not None:
        good_N = examples_of(part, stretch.offset_B[part.row_N], contracts.layout)[0].offset_B
    if len(good_N) == len(stretch):
        return good_N, np.empty(0, np.int64)
    told = contracts.decode(stretch.values, ("Command",)).part("Command")
    commands = () if told is None else commands_of(told, stretch.offset_B[told.row_N])[0]
    known_N = np.append(good_N, np.array([command.offset for command in commands], np.int64))
    return good_N, np.setdiff1d(stretch.offset_B, known_N)
