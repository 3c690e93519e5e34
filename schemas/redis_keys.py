"""Every Redis key: the one home of these facts.

Model keys of a pipeline share one hash tag, so that a script may touch them together on a cluster too::

    {anabranch:<pipeline>:m}:blob:<sha256>      string   a model as safetensors bytes
    {anabranch:<pipeline>:m}:blobs              set      digests of the blobs held
    {anabranch:<pipeline>:m}:version:<number>   hash     digest, manifest (JSON)
    {anabranch:<pipeline>:m}:numbers            zset     versions held, scored by number
    {anabranch:<pipeline>:m}:current            hash     number, digest
"""

from __future__ import annotations


def model_key(pipeline: str, *parts: str) -> str:
    """Key of something in a pipeline's model store.

    Examples
    --------
    >>> model_key("flights", "version", "7")
    '{anabranch:flights:m}:version:7'
    """
    return ":".join((f"{{anabranch:{pipeline}:m}}", *parts))
