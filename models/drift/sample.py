"""A sample of rows that can be merged: those whose ids have the least hashes, whatever the order and the partitions.

It is kept as bytes: for each row its hash, big-endian, so that bytes sort as hashes do, then its vector. Merging is a
union of sets of which the least are kept: associative, commutative, and the same sample added twice changes nothing.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.hashing import hash64

SAMPLE_BYTES: Final = 96 << 10
"""Of one sample at most: a handful of them travel in one message."""
HASH_BYTES: Final = 8
_GOLDEN: Final = 0x9E3779B97F4A7C15
_MIX: Final = np.uint64(0xD6E8FEB86659FD93)
_HALF: Final = np.uint64(32)


def row_bytes(width: int) -> int:
    """Bytes of a sampled row of a vector of `width` columns."""
    return HASH_BYTES + 4 * width


def rows_kept(wanted: int, width: int) -> int:
    """How many rows of a vector of `width` columns fit into a sample, if `wanted` are asked for.

    Examples
    --------
    >>> rows_kept(512, 10), rows_kept(512, 100)
    (512, 240)
    """
    return max(1, min(wanted, SAMPLE_BYTES // row_bytes(width)))


def sample_columns(
    x_BF: NDArray[np.float32], id_B: NDArray[np.bytes_], group_B: NDArray[np.intp], groups: int, rows: int, seed: int
) -> NDArray[np.object_]:
    """Sample each group of rows.

    Parameters
    ----------
    x_BF : ndarray of float32, shape (B, F)
        NaN is missing.
    id_B : ndarray of bytes, dtype ``S<n>``, shape (B,)
        By which rows are drawn, each as likely as any other.
    group_B : ndarray of intp, shape (B,)
        From 0 to `groups` − 1.
    groups, rows : int
        How many groups, and rows of each at most.
    seed : int
        Of the draw.

    Returns
    -------
    ndarray of bytes objects, shape (groups,)

    References
    ----------
    Broder, A. (1997). On the resemblance and containment of documents. Proceedings of SEQUENCES. Bottom-k sketches:
    Cohen, E. and Kaplan, H. (2007). Summarizing data using bottom-k sketches. PODC.

    Examples
    --------
    >>> x_BF, ids = np.zeros((5, 2), np.float32), np.array([b"a", b"b", b"c", b"d", b"e"])
    >>> found = sample_columns(x_BF, ids, np.array([0, 0, 0, 1, 0]), 2, rows=3, seed=0)
    >>> [len(one) // row_bytes(2) for one in found]
    [3, 1]
    """
    hash_B = _seeded(hash64(id_B), seed)
    order_B = np.lexsort((hash_B, group_B))
    first_G = np.searchsorted(group_B[order_B], np.arange(groups))
    place_B = np.arange(len(order_B)) - first_G[group_B[order_B]]
    kept = order_B[place_B < rows]
    packed = np.empty(len(kept), _dtype(x_BF.shape[1]))
    packed["hash"], packed["x"] = hash_B[kept], x_BF[kept]
    sample_G = np.empty(groups, object)
    for group in range(groups):
        sample_G[group] = packed[group_B[kept] == group].tobytes()
    return sample_G


def merged(rows: int, width: int, *samples: bytes) -> bytes:
    r"""Merge samples: the least `rows` hashes of all, each once.

    Examples
    --------
    >>> one, other = bytes(7) + b"\1" + bytes(4), bytes(7) + b"\2" + bytes(4)
    >>> merged(2, 1, other, one, one) == one + other, merged(1, 1, other, one) == one
    (True, True)
    """
    size = row_bytes(width)
    found = {sample[at : at + size] for sample in samples for at in range(0, len(sample), size)}
    # Of two answers with one id, which happen after a crash, the same one is kept in whatever order they come.
    least = {row[:HASH_BYTES]: row for row in sorted(found, reverse=True)}
    return b"".join(sorted(least.values())[:rows])


def sampled_rows(sample: bytes, width: int) -> NDArray[np.float32]:
    """Rows of a sample, by rising hash; float32, shape (N, width)."""
    return np.array(np.frombuffer(sample, _dtype(width))["x"], np.float32)


def _seeded(hash_B: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Hash again: partitions and stores go by the same hash, and a sample should not."""
    mixed_B = hash_B + np.uint64((seed + 1) * _GOLDEN % (1 << 64))
    for _ in range(2):
        mixed_B = (mixed_B ^ (mixed_B >> _HALF)) * _MIX
    return np.asarray(mixed_B ^ (mixed_B >> _HALF), np.uint64)


def _dtype(width: int) -> np.dtype[np.void]:
    return np.dtype([("hash", ">u8"), ("x", "<f4", (width,))])
