"""What every client of Kafka is set up with."""

from __future__ import annotations

from typing import Final

PARTITIONER: Final = "murmur2_random"
"""The partitioner of Kafka's own Java producer. Every producer of a pipeline, ours and the applications', must use it:
predictions and labels meet in one process only if equal keys fall into equal partitions."""

RECOVERY: Final = "none"
"""A client whose brokers are all away waits for them at the addresses that it knows. librdkafka's default
(`rebootstrap`, KIP-899) drops them and begins anew, but the coordinator of a transactional producer then stays half
destroyed. Seen with 2.16 after every kill of a single broker: `send_offsets_to_transaction` came back neither at its
time-out nor later; once the process was aborted."""


def client_settings(bootstrap: str) -> dict[str, str | int | float | bool]:
    """Return what a client needs whatever it is for; librdkafka's own lines are off, errors come through its calls.

    Examples
    --------
    >>> client_settings("127.0.0.1:9092")["bootstrap.servers"]
    '127.0.0.1:9092'
    """
    return {"bootstrap.servers": bootstrap, "log_level": 0, "metadata.recovery.strategy": RECOVERY}
