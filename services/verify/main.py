"""`anabranch verify` without its screen: cut the log, add everything up, look again where it does not add up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Final, Protocol

from adapters.ports import ModelStore
from adapters.whole_log import WholeLog
from adapters.whole_log_kafka import KafkaWholeLog
from schemas.contracts import Contracts
from schemas.errors import DataError, DigestMismatch, LogCutShort
from services.verify.cut import cut_of
from services.verify.equations import (
    copied_equation,
    examples_equation,
    features_equation,
    joined_equation,
    letters_equation,
    named,
    relearned_equation,
    requests_equation,
    sampled_equation,
)
from services.verify.passes import Books
from services.verify.progress import Reading, Tell
from services.verify.report import Equation, Fault, Report
from services.verify.samples import Samples
from services.verify.versions import Store, digests_equation, store_equation

TRIES: Final = 3
ANEW: Final = "reading anew"


class Relearned(Protocol):
    """A version that learning again has made."""

    @property
    def number(self) -> int:
        """Version number."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 of its artefact, hex."""
        ...


Relearn = Callable[[int], Iterator[Relearned]]
"""Learns the examples log again, up to an offset, into its versions by rising number."""


@dataclass(frozen=True, slots=True)
class Options:
    """What may be chosen: how many answers of each version are computed again, and which."""

    sample: int = 32
    seed: int = 0


def verify(
    contracts: Contracts,
    bootstrap: str,
    store: ModelStore,
    again: Relearn | None,
    tell: Tell = lambda _what, _done, _whole: None,
    options: Options | None = None,
) -> Report:
    """Check a pipeline in Kafka and its model store, running or not. Blocks while it reads.

    Parameters
    ----------
    again : callable or None
        Learns again; None leaves that out.
    tell : callable
        Is told how far it has come.

    Raises
    ------
    DependencyError
        Kafka or Redis is away.
    DataError
        Something cannot be read at all.
    """
    with closing(KafkaWholeLog(bootstrap)) as log:
        return verify_log(contracts, log, store, again, tell, options)


def verify_log(
    contracts: Contracts,
    log: WholeLog,
    store: ModelStore,
    again: Relearn | None = None,
    tell: Tell = lambda _what, _done, _whole: None,
    options: Options | None = None,
) -> Report:
    """Check a pipeline in any log; see `verify`.

    Where retention takes away what is being read, it begins anew: retention removes whole segments, so there is time
    until it comes round again.
    """
    for _ in range(TRIES - 1):
        with suppress(LogCutShort):
            return _verify_once(contracts, log, store, again, tell, options or Options())
        tell(ANEW, 0, 1)
    return _verify_once(contracts, log, store, again, tell, options or Options())


def _verify_once(
    contracts: Contracts, log: WholeLog, store: ModelStore, again: Relearn | None, tell: Tell, options: Options
) -> Report:
    reading = Reading(log, cut_of(contracts.pipeline.pipeline, log), tell)
    books = Books(contracts, reading, Samples(options.sample, options.seed))
    books.read_all()
    records = reading.records
    held = store_of(store)
    books.read_later_versions()  # after the store: what it holds is announced by then, but for the newest
    equations = tuple(named(books, equation) for equation in _equations(books, store, held, again))
    return Report(contracts.pipeline.pipeline, equations, records)


def _equations(books: Books, store: ModelStore, held: Store, again: Relearn | None) -> Iterator[Equation]:
    yield requests_equation(books)
    yield joined_equation(books, books.answers_flow, "predictions")
    yield joined_equation(books, books.labels_flow, "labels")
    yield copied_equation(books)
    yield features_equation(books)
    yield letters_equation(books)
    yield examples_equation(books)
    yield books.versions.equation(books.unread_of("versions"))
    known = {**books.later.by_number, **books.versions.by_number}
    yield store_equation(held, books.versions, known, books.contracts.pipeline.learner.keep_versions)
    yield digests_equation(books.named, known, books.thinned, held)
    yield sampled_equation(books, store, held)
    versions = books.versions.in_order
    if again is not None and versions and not books.cut.beheaded("examples"):
        made = ((version.number, version.digest) for version in again(versions[-1].last_offset))
        yield relearned_equation(dict(books.versions.by_number), made)


def store_of(store: ModelStore) -> Store:
    """Read what a model store holds, and check every blob."""
    digests, faults = dict[int, str](), list[Fault]()
    for number in store.numbers():
        manifest = store.manifest(number)
        if manifest is None:
            continue  # dropped meanwhile
        digests[number] = str(json.loads(manifest)["digest"])
        try:
            store.get(digests[number])
        except DigestMismatch as error:
            faults.append(Fault(None, f"version {number}: {error.what}"))
        except DataError as error:
            if number in store.numbers():
                faults.append(Fault(None, f"version {number}: {error.what}"))
    return Store(store.current(), digests, tuple(faults))
