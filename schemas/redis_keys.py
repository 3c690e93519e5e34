"""Every Redis key: the one home of these facts.

Model keys of a pipeline share one hash tag, so that a script may touch them together on a cluster too::

    {anabranch:<pipeline>:m}:blob:<sha256>      string   a model as safetensors bytes
    {anabranch:<pipeline>:m}:blobs              set      digests of the blobs held
    {anabranch:<pipeline>:m}:version:<number>   hash     digest, manifest (JSON)
    {anabranch:<pipeline>:m}:numbers            zset     versions held, scored by number
    {anabranch:<pipeline>:m}:current            hash     number, digest

Feature keys carry no hash tag, so that a cluster spreads them (`docs/reference/redis-format.md` says what is in them)::

    anabranch:<pipeline>:f:<kind>:<entity>      string   snapshots of an entity's window columns
    anabranch:<pipeline>:w:<partition>          string   how far a partition of the windows has come
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def model_key(pipeline: str, *parts: str) -> str:
    """Key of something in a pipeline's model store.

    Examples
    --------
    >>> model_key("flights", "version", "7")
    '{anabranch:flights:m}:version:7'
    """
    return ":".join((f"{{anabranch:{pipeline}:m}}", *parts))


def feature_keys(pipeline: str, kind: str, entity_B: NDArray[np.bytes_] | list[bytes]) -> list[bytes]:
    r"""Keys of the packed window values of some entities (`schemas.entity_key` makes their text).

    Examples
    --------
    >>> feature_keys("flights", "carrier", np.array([b"UA", b"B6"]))
    [b'anabranch:flights:f:carrier:UA', b'anabranch:flights:f:carrier:B6']
    """
    prefix = f"anabranch:{pipeline}:f:{kind}:".encode()
    return [prefix + entity for entity in (entity_B if isinstance(entity_B, list) else entity_B.tolist())]


def watermark_key(pipeline: str, partition: int) -> bytes:
    """Key of the end of the newest pane that one partition of the panes topic has closed.

    Examples
    --------
    >>> watermark_key("flights", 3)
    b'anabranch:flights:w:3'
    """
    return f"anabranch:{pipeline}:w:{partition}".encode()
