"""Kafka's own choice of a partition for a key, for the in-memory twin and for tests of co-partitioning. Pure."""

from __future__ import annotations

_M = 0x5BD1E995
_MASK = 0xFFFFFFFF
_SEED = 0x9747B28C


def murmur2(data: bytes) -> int:
    """MurmurHash2, 32 bits, as the Java client computes it.

    References
    ----------
    Appleby: MurmurHash2. ``org.apache.kafka.common.utils.Utils.murmur2``.

    Examples
    --------
    >>> [murmur2(data) for data in (b"", b"21", b"foobar")]
    [275646681, 3321034988, 3504634814]
    """
    length = len(data)
    h = _SEED ^ length
    for i in range(0, length - length % 4, 4):
        h = ((h * _M) & _MASK) ^ _mixed(int.from_bytes(data[i : i + 4], "little"))
    if length % 4:
        h = ((h ^ int.from_bytes(data[length - length % 4 :], "little")) * _M) & _MASK
    h = ((h ^ (h >> 13)) * _M) & _MASK
    return h ^ (h >> 15)


def _mixed(k: int) -> int:
    k = (k * _M) & _MASK
    return ((k ^ (k >> 24)) * _M) & _MASK


def partition_of(key: bytes, partitions: int) -> int:
    """Partition that ``partitioner=murmur2_random`` sends a key to.

    Examples
    --------
    >>> [partition_of(b"N%d" % i, 4) for i in range(5)]
    [2, 0, 0, 1, 2]
    """
    return (murmur2(key) & 0x7FFFFFFF) % partitions
