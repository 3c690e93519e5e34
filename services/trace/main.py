"""Tracing a request: from the log to its story."""

from __future__ import annotations

from adapters.log_search import LogSearch, every
from schemas.contracts import Contracts
from schemas.errors import DataError
from services.trace.core import Narrator
from services.trace.gathering import Gathering, Tell
from services.trace.history import batches_of, versions_of
from services.trace.story import Story


def silent(_what: str, _passed: int, _of: int) -> None:
    """Tell nobody."""


def trace(contracts: Contracts, log: LogSearch, request_id: str, tell: Tell = silent) -> Story:
    """Find what the log says of a request, and tell it as a story. A live loop is not disturbed.

    Parameters
    ----------
    contracts : Contracts
        Of the pipeline.
    log : LogSearch
        Used by nobody else meanwhile. Blocks: whole partitions are passed over.
    request_id : str
        As the application chose it.
    tell : callable
        What is being looked for, how far it is, and of how much; called often.

    Raises
    ------
    DataError
        Nobody knows the id; says what was searched.
    DependencyError
        The log cannot be read.
    """
    gathering = Gathering(contracts, log, request_id, tell)
    found = gathering.found()
    if found.is_empty:
        raise unknown(request_id, gathering)
    versions_topic, examples_topic = gathering.topic("versions"), gathering.topic("examples")
    versions = versions_of(contracts, gathering.records(versions_topic, log.stretches(versions_topic), every))
    (examples,) = log.stretches(examples_topic)
    batches = batches_of(
        contracts, found.examples, versions, examples, lambda s: gathering.records(examples_topic, [s], every)
    )
    return Narrator(contracts, request_id, found, batches, versions).story()


def unknown(request_id: str, gathering: Gathering) -> DataError:
    """Say what was searched in vain."""
    read = ", ".join(f"{topic} ({passed:,})" for topic, passed in gathering.read.items())
    return DataError(
        f"No request, answer, label, example or dead letter of {request_id!r} is in the log. Searched: {read}.",
        "Compare the id with what the application sent; what is older than `topics.retention` is gone.",
    )
