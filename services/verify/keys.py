"""What the records of each topic are known by, as hashes, so that both sides of a book name the same thing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.contracts import Contracts
from schemas.decoded import Columns
from services.verify.hashing import Hashes, hash_rows

Ints = NDArray[np.int64]


def id_keys(id_N: NDArray[np.bytes_]) -> Hashes:
    """Keys of answers: their request ids."""
    return hash_rows(id_N)


def request_keys(contracts: Contracts, partition_B: Ints, offset_B: Ints, values: Sequence[bytes | None]) -> Hashes:
    """Keys of requests: their ids, by which they are answered; where none can be read, all their bytes and their place.

    A dead letter holds the whole request and its place, so its key is that of the request.
    """
    decoded = contracts.decode(values, ("Request",))
    key_B, nameless_B = np.zeros(len(values), np.uint64), np.ones(len(values), np.bool_)
    for part in (*decoded.parts, *decoded.refused):
        id_N = part.columns["request_id"]
        rows, id_N = part.row_N[id_N != b""], id_N[id_N != b""]
        key_B[rows], nameless_B[rows] = id_keys(id_N), False
    rows = np.flatnonzero(nameless_B)
    if len(rows):
        bytes_R = np.array([_digest(values[row]) for row in rows.tolist()], np.uint64)
        key_B[rows] = hash_rows(partition_B[rows], offset_B[rows], bytes_R)
    return key_B


def answer_keys(columns: Columns, partition_N: Ints, offset_N: Ints) -> Hashes:
    """Keys of answers as served: all that an example repeats of them, and their place."""
    served = (columns[name] for name in ("request_id", "request_time", "status", "version", "digest"))
    return hash_rows(partition_N, offset_N, *served, columns["output"], columns["features"])


def label_keys(
    partition_N: Ints, offset_N: Ints, id_N: NDArray[Any], value_N: NDArray[np.float64], time_N: NDArray[np.float64]
) -> Hashes:
    """Keys of labels: all that an example repeats of them, and their place."""
    return hash_rows(partition_N, offset_N, id_N, value_N, time_N)


def place_keys(partition_N: Ints, offset_N: Ints) -> Hashes:
    """Keys of records that nothing but their place is known of."""
    return hash_rows(partition_N, offset_N)


def _digest(value: bytes | None) -> int:
    return int.from_bytes(blake2b(value or b"", digest_size=8).digest(), "little")
