"""One 64-bit hash for each row of some columns, for all rows at once. Pure.

Rows are taken as words of 64 bits. Each word is folded onto itself, multiplied by an odd number of its own place, and
added up; the sum goes through the finaliser of MurmurHash3. Trailing zero bytes do not count, so a text hashes alike
in a column of any width.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX: Final = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_WORD: Final = 8


def hash_rows(*columns: NDArray[Any]) -> Hashes:
    """Hash rows of N; equal rows of equal columns have equal hashes.

    Parameters
    ----------
    *columns : ndarray, shape (N,) or (N, K)
        Numbers, text (``S<n>``), fixed (``V<n>``), or objects that are arrays of numbers.

    Returns
    -------
    ndarray of uint64, shape (N,)

    References
    ----------
    Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014, for multipliers and finaliser
    (variant 13 of Stafford's). Lemire, Kaser: Strongly universal string hashing is fast, 2014, for the sum.

    Examples
    --------
    >>> narrow, wide = np.array([b"a", b"b"]), np.array([b"b", b"longer"])
    >>> bool(hash_rows(narrow)[1] == hash_rows(wide)[0]), bool(hash_rows(narrow)[0] == hash_rows(wide)[1])
    (True, False)
    """
    total_N: Hashes = np.full(len(columns[0]), _GOLDEN, np.uint64)
    for place, column in enumerate(columns):
        words_NW = _words(column)
        folded_NW = words_NW ^ (words_NW >> np.uint64(32))
        sum_N: Hashes = folded_NW @ _multipliers(place, words_NW.shape[1])
        total_N = mixed(total_N + sum_N)
    return total_N


def mixed(hash_N: Hashes) -> Hashes:
    """Spread each bit over all: a bijection."""
    hash_N = (hash_N ^ (hash_N >> np.uint64(30))) * _MIX[0]
    hash_N = (hash_N ^ (hash_N >> np.uint64(27))) * _MIX[1]
    return hash_N ^ (hash_N >> np.uint64(31))


def _multipliers(place: int, words: int) -> Hashes:
    nth_W: Hashes = np.arange(1, words + 1, dtype=np.uint64) + np.uint64(place << 32)
    return np.asarray(mixed(nth_W * _GOLDEN) | np.uint64(1), np.uint64)


def _words(column: NDArray[Any]) -> Hashes:
    """Bytes of each row, filled up with zeros to whole words, of which there is at least one."""
    if column.dtype == object:
        column = _even(column)
    if not column.size:
        return np.zeros((len(column), 1), np.uint64)
    byte_NB = np.ascontiguousarray(column).reshape(len(column), -1).view(np.uint8)
    words = max(1, -(-byte_NB.shape[1] // _WORD))
    if byte_NB.shape[1] != words * _WORD:
        filled_NB = np.zeros((len(column), words * _WORD), np.uint8)
        filled_NB[:, : byte_NB.shape[1]] = byte_NB
        byte_NB = filled_NB
    return byte_NB.view(np.uint64)


def _even(column: NDArray[Any]) -> NDArray[Any]:
    """Arrays of different lengths as a matrix, the rest of each row zero."""
    width = max((len(row) for row in column), default=0)
    dtype = column[0].dtype if len(column) else np.dtype(np.float32)
    matrix = np.zeros((len(column), width), dtype)
    for i, row in enumerate(column):
        matrix[i, : len(row)] = row
    return matrix
