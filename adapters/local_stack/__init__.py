"""Kafka and Redis on this machine from Python packages alone: no Docker, no JDK, no Maven.

>>> from adapters.local_stack import up, down, status                          # doctest: +SKIP
>>> up(Path(".anabranch"))                                                     # doctest: +SKIP
StackAddresses(bootstrap='127.0.0.1:9092', redis_url='redis://127.0.0.1:6379/0')
"""

from adapters.local_stack.ports import ANY, USUAL, Ports
from adapters.local_stack.progress import Report, silent
from adapters.local_stack.stack import StackAddresses, StackOptions, down, find_stack, up
from adapters.local_stack.status import ServerStatus, StackStatus, status

__all__ = [
    "ANY",
    "USUAL",
    "Ports",
    "Report",
    "ServerStatus",
    "StackAddresses",
    "StackOptions",
    "StackStatus",
    "down",
    "find_stack",
    "silent",
    "status",
    "up",
]
