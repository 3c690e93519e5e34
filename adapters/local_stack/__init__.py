"""Kafka and Redis on this machine from Python packages alone: no Docker, no JDK, no Maven.

``up(home)`` returns their addresses, ``down(home)`` ends them, ``status(home)`` says how they are, and
``find_stack(home)`` gives the addresses to a process that needs them. All four may be called again at any time.
"""

from adapters.local_stack.kept import keep
from adapters.local_stack.ports import ANY, USUAL, Ports
from adapters.local_stack.progress import Report, silent
from adapters.local_stack.stack import StackAddresses, StackOptions, down, find_stack, up
from adapters.local_stack.state import ServerName
from adapters.local_stack.status import ServerStatus, StackStatus, status

__all__ = [
    "ANY",
    "USUAL",
    "Ports",
    "Report",
    "ServerName",
    "ServerStatus",
    "StackAddresses",
    "StackOptions",
    "StackStatus",
    "down",
    "find_stack",
    "keep",
    "silent",
    "status",
    "up",
]
