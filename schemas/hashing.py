"""One stable 64-bit hash for category codes, entity keys and partitions: part of the wire format."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_OFFSET = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)
_MIX = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
_SHIFT = np.uint64(33)


def hash64(text_B: NDArray[np.bytes_]) -> NDArray[np.uint64]:
    """FNV-1a over each row's bytes, then the finaliser of MurmurHash3, so that low bits are good too.

    Parameters
    ----------
    text_B : ndarray of bytes, dtype ``S<n>``, shape (B,)
        UTF-8, as NumPy keeps it: trailing zero bytes do not count.

    Returns
    -------
    ndarray of uint64, shape (B,)

    References
    ----------
    Fowler, Noll, Vo: the FNV hash, draft-eastlake-fnv. Appleby: MurmurHash3, fmix64.

    Examples
    --------
    >>> [hex(h) for h in hash64(np.array([b"", b"JFK"]))]
    ['0xefd01f60ba992926', '0xf4b5b877930f1bfe']
    """
    text_B = np.ascontiguousarray(text_B)
    width = text_B.dtype.itemsize
    bytes_BW = text_B.view(np.uint8).reshape(len(text_B), width)
    length_B = np.char.str_len(text_B)
    hash_B = np.full(len(text_B), _OFFSET, np.uint64)
    for i in range(int(length_B.max(initial=0))):
        hash_B = np.where(i < length_B, (hash_B ^ bytes_BW[:, i].astype(np.uint64)) * _PRIME, hash_B)
    for factor in _MIX:
        hash_B = (hash_B ^ (hash_B >> _SHIFT)) * factor
    return np.asarray(hash_B ^ (hash_B >> _SHIFT), np.uint64)


def hash_text(text: str) -> int:
    """Hash one string as `hash64` does."""
    return int(hash64(np.array([text.encode()], dtype=f"S{max(1, len(text.encode()))}"))[0])
