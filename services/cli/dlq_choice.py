"""Which letters a command line means."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import typer

from schemas.contracts import Contracts
from schemas.dead_letters import REASONS
from schemas.durations import parse_duration
from schemas.pipeline_rules import suggestion
from schemas.topics import TOPICS, topic_name
from services.dlq.core_select import Selection
from services.dlq.letter import Position

ROLES: Final = {str(spec.role): spec.role for spec in TOPICS}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the flags of a command say."""

    reasons: list[str] | None
    topics: list[str] | None
    processes: list[str] | None
    since: str

    @property
    def any(self) -> bool:
        """Whether any was given."""
        return bool(self.reasons or self.topics or self.processes or self.since)


def selection_of(
    contracts: Contracts, filters: Filters, positions: Iterable[str] = (), replayed: bool | None = None
) -> Selection:
    """Read flags and positions; BadParameter if a word in them is unknown."""
    name = contracts.pipeline.pipeline
    topics = [topic_name(name, ROLES[_known(role, ROLES, "topic")]) for role in filters.topics or ()]
    return Selection(
        frozenset(_known(reason, REASONS, "reason") for reason in filters.reasons or ()),
        frozenset(topics),
        frozenset(filters.processes or ()),
        _since_ms(filters.since),
        replayed,
        frozenset(positions_of(positions)),
    )


def _known(word: str, words: Iterable[str], what: str) -> str:
    known = [*words]
    if word not in known:
        raise typer.BadParameter(f"there is no {what} '{word}'. {suggestion(word, known)}", param_hint=f"--{what}")
    return word


def _since_ms(since: str) -> float:
    if not since:
        return float("-inf")
    try:
        span_ms = parse_duration(since)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from error
    assert isinstance(span_ms, int)
    return time.time() * 1000 - span_ms


def positions_of(texts: Iterable[str]) -> list[Position]:
    """Read positions; BadParameter if one is none."""
    try:
        return [Position.parse(text) for text in texts]
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="POSITION") from error
