"""The broker's settings: one node that is broker and controller, on loopback only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from adapters.local_stack.ports import LOOPBACK

NODE = 1
LARGEST_MESSAGE = 16 * 1024 * 1024
"""Bytes: a model's manifest or a wide record fits with room to spare."""

HEAP_MB = 512


def broker_settings(data: Path, port: int, controller_port: int) -> dict[str, str]:
    """Return the settings of a broker that is quick to start and keeps its promises alone.

    Parameters
    ----------
    data : Path
        Folder of the log.
    port, controller_port : int
        Free loopback ports.
    """
    client, controller = f"PLAINTEXT://{LOOPBACK}:{port}", f"CONTROLLER://{LOOPBACK}:{controller_port}"
    return {
        "process.roles": "broker,controller",
        "node.id": str(NODE),
        # Voters by setting, not in the log: then the port may differ from one start to the next.
        "controller.quorum.voters": f"{NODE}@{LOOPBACK}:{controller_port}",
        "listeners": f"{client},{controller}",
        "advertised.listeners": client,
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(data),
        **_ALONE,
        **_BOUNDS,
    }


_ALONE = {
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "8",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    # Nobody else is coming: a group need not wait for more members.
    "group.initial.rebalance.delay.ms": "0",
    # A killed broker is not let back in until its old session has run out: 3 s instead of 9.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # A misspelt topic is an error, not a new topic.
    "auto.create.topics.enable": "false",
}

_BOUNDS = {
    "message.max.bytes": str(LARGEST_MESSAGE),
    "replica.fetch.max.bytes": str(LARGEST_MESSAGE),
    # A quarter of the heap by default; compacted topics here have far fewer keys than that holds.
    "log.cleaner.dedupe.buffer.size": str(32 * 1024 * 1024),
}


def properties_text(settings: Mapping[str, str]) -> str:
    r"""Write settings as a Java properties file, which is Latin-1 with escapes.

    Examples
    --------
    >>> properties_text({"log.dirs": "/tmp/a b/Ärger\\ñ"})
    'log.dirs=/tmp/a b/\\u00c4rger\\\\\\u00f1\n'
    """
    return "".join(f"{key}={''.join(map(_escape, value))}\n" for key, value in settings.items())


def _escape(letter: str) -> str:
    if letter == "\\":
        return "\\\\"
    if letter.isascii():
        return letter
    utf16 = letter.encode("utf-16-be").hex()
    return "".join(f"\\u{utf16[at : at + 4]}" for at in range(0, len(utf16), 4))
