"""Who runs: the last label, River's learners and ours, by name."""

from __future__ import annotations

from typing import Final

from benchmarks.learning.peers import PEERS, peer_of
from benchmarks.learning.streams import Stream
from models.protocol import Learner

OURS: Final[tuple[str, ...]] = ()
CONTESTANTS: Final = ("last_label", *PEERS, *OURS)


def contestant(name: str, stream: Stream, seed: int) -> Learner:
    """Make one of `CONTESTANTS` that has learned nothing."""
    return peer_of(name, stream, seed)
