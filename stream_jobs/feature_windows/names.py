"""Entities as small whole numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class Names:
    """Numbers for entity keys, exact; the numbers of forgotten ones are given again."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._names: list[bytes] = []
        self._free: list[int] = []

    def __len__(self) -> int:
        """Every number given is below this."""
        return len(self._names)

    def numbers(self, name_N: NDArray[np.bytes_]) -> Ints:
        """Numbers of some names, new ones for new names."""
        known = self._numbers
        found = [known.get(name, -1) for name in name_N.tolist()]
        number_N = np.array(found, np.int64)
        for i in np.flatnonzero(number_N < 0).tolist():
            number_N[i] = self._number(bytes(name_N[i]))
        return number_N

    def names(self, number_N: Ints) -> NDArray[np.bytes_]:
        """Names of some numbers."""
        return np.array([self._names[n] for n in number_N.tolist()], np.bytes_)

    def forget(self, number_N: Ints) -> None:
        """Give numbers back."""
        for number in number_N.tolist():
            del self._numbers[self._names[number]]
            self._names[number] = b""
            self._free.append(number)

    def _number(self, name: bytes) -> int:
        if name in self._numbers:
            return self._numbers[name]
        if self._free:
            number = self._free.pop()
            self._names[number] = name
        else:
            number = len(self._names)
            self._names.append(name)
        self._numbers[name] = number
        return number
