"""What the join's changelog says: which rows wait, and how the rows taken in have ended. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from schemas.contracts import Contracts
from schemas.decoded import Columns
from schemas.errors import DataError
from services.verify.marks import Marks

_POSITION = b"position"


class JoinState:
    """The state of each partition as its changelog has it, read in its order. What waits is marked where it stands.

    Parameters
    ----------
    answers, labels : Marks
        On the join's two inputs.
    """

    def __init__(self, answers: Marks, labels: Marks) -> None:
        self._answers, self._labels = answers, labels
        self._position: dict[int, bytes] = {}

    def take(self, partition: int, keys: Sequence[bytes | None], values: Sequence[bytes | None]) -> None:
        """Take the next records of a partition."""
        answers, labels = list[tuple[int, bool]](), list[tuple[int, bool]]()
        for key, value in zip(keys, values, strict=True):
            kind = key[:1] if key else b""
            if kind == b"a" and key:
                answers.append((int(key[7:]), value is not None))
            elif kind == b"l" and key:
                labels.append((int(key[6:]), value is not None))
            elif key == _POSITION and value is not None:
                self._position[partition] = value
        for marks, found in ((self._answers, answers), (self._labels, labels)):
            offset_N = np.array([offset for offset, _ in found], np.int64)
            marks.hold(partition, offset_N, np.array([waits for _, waits in found], np.bool_))

    def books(self, contracts: Contracts) -> dict[int, dict[str, int]]:
        """Counts of `JoinPosition`, by partition.

        Raises
        ------
        DataError
            It cannot be read.
        """
        return {partition: _counts(contracts, value) for partition, value in self._position.items()}

    def reached(self, contracts: Contracts) -> dict[int, float]:
        """Latest event time that each partition had come to, ms; raises as `books`."""
        positions = {partition: _position(contracts, value) for partition, value in self._position.items()}
        return {p: float(max(c["labels_time"][0], c["predictions_time"][0])) for p, c in positions.items()}


def _counts(contracts: Contracts, value: bytes) -> dict[str, int]:
    columns = _position(contracts, value)
    names = [name for name in columns if name.startswith(("labels_", "answers_")) and not name.endswith("_time")]
    return {name: int(columns[name][0]) for name in names}


def _position(contracts: Contracts, value: bytes) -> Columns:
    part = contracts.decode([value], ("JoinPosition",)).part("JoinPosition")
    if part is None:
        raise DataError("The join's changelog holds a position that cannot be read.", "Restore the topic.")
    return part.columns
