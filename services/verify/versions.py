"""Versions: numbers, digests, the pointer, and that every digest answered with is known. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np

from adapters.ports import ModelPointer
from schemas.decoded import Columns, Part
from schemas.status import Status
from services.verify.hashing import hash_rows
from services.verify.keys import Ints
from services.verify.report import MOST_FAULTS, Equation, Fault, Place, Term, balance

NO_MODEL = bytes(32)


@dataclass(frozen=True, slots=True)
class Announced:
    """A record of the versions topic. `is_whole`: with its artefact, or refused and so without one."""

    place: Place
    number: int
    parent: int
    examples: int
    first_offset: int
    last_offset: int
    published: bool
    digest: str
    is_whole: bool
    sound: bool
    """The artefact has the digest, if there is one."""


def announced_in(part: Part, topic: str, partition_B: Ints, offset_B: Ints) -> list[Announced]:
    """Take what is needed of ``Version`` records; artefacts are checked and let go of."""
    names = ("number", "parent", "examples", "first_offset", "last_offset", "published", "digest", "artefact")
    rows = zip(part.row_N.tolist(), *(part.columns[name].tolist() for name in names), strict=True)
    return [
        Announced(
            Place(topic, int(partition_B[row]), int(offset_B[row])),
            number,
            parent,
            examples,
            first,
            last,
            published,
            digest.decode(),
            bool(artefact) or not published,
            not artefact or sha256(artefact).hexdigest() == digest.decode(),
        )
        for row, number, parent, examples, first, last, published, digest, artefact in rows
    ]


@dataclass(slots=True)
class Versions:
    """The versions in the order of their topic, those announced again without their artefact apart.

    A version whose artefact the topic no longer keeps is announced once more without it, and the first record goes
    when the topic is compacted: so a number may come late if it comes without, and only then.
    """

    by_number: dict[int, Announced] = field(default_factory=dict)
    thinned: set[int] = field(default_factory=set)
    newest: int = 0
    faults: list[Fault] = field(default_factory=list)

    def take(self, version: Announced) -> None:
        """Take the next record of the topic."""
        known, number = self.by_number.get(version.number), version.number
        if not version.sound:
            self.faults.append(
                Fault(version.place, f"the artefact of version {number} has another digest than it says")
            )
        if known is not None and known.digest != version.digest:
            self.faults.append(
                Fault(version.place, f"version {number} has been {known.digest[:12]}… and is {version.digest[:12]}…")
            )
        elif known is not None and version.is_whole:
            self.faults.append(Fault(version.place, f"version {number} is announced a second time"))
        elif version.is_whole and number < self.newest:
            self.faults.append(Fault(version.place, f"version {number} comes after {self.newest}"))
        if not version.is_whole:
            self.thinned.add(number)
        if known is None:
            self.by_number[number] = version
        if version.is_whole:
            self.newest = max(self.newest, number)

    @property
    def in_order(self) -> list[Announced]:
        """All, by rising number."""
        return [self.by_number[number] for number in sorted(self.by_number)]

    @property
    def published(self) -> list[Announced]:
        """Those that the gate let pass, by rising number."""
        return [version for version in self.in_order if version.published]

    def equation(self, unread: Sequence[Fault]) -> Equation:
        """Numbers rise by one, each is used once, for one digest, which its artefact has."""
        numbers, faults = sorted(self.by_number), [*unread, *self.faults]
        gaps = [n for n, m in zip(range(1, len(numbers) + 1), numbers, strict=True) if n != m]
        if gaps:
            faults.append(Fault(None, f"version {gaps[0]} was never announced, though {numbers[-1]} was"))
        published = self.published
        whole = Term("announced", len(numbers))
        thinned = sum(v.number in self.thinned for v in published)
        parts = [
            Term("published", len(published) - thinned),
            *([Term("published, artefact let go of", thinned)] if thinned else []),
            Term("refused by the gate", len(numbers) - len(published)),
        ]
        return balance("versions", ("I4",), whole, parts, faults)


@dataclass(frozen=True, slots=True)
class Store:
    """What the model store holds: the pointer, and each version's digest; `faults` are blobs that are not whole."""

    pointer: ModelPointer | None
    digests: Mapping[int, str]
    faults: tuple[Fault, ...] = ()


def store_equation(store: Store, versions: Versions, known: Mapping[int, Announced], keep: int) -> Equation:
    """The pointer is the newest version that was published; the newest `keep` are in the store, whole, as announced.

    Parameters
    ----------
    known : mapping of int to Announced
        With those announced since the log was cut. One that is newer than all of them may be under way.
    """
    faults = [*store.faults, *_behind(store, versions.published), *_otherwise(store, known)]
    kept = sorted(store.digests)[-keep:]
    due = [v for v in versions.published[-keep:] if len(kept) < keep or v.number >= kept[0]]
    missing = [v for v in due if v.number not in store.digests]
    if missing and store.pointer is not None:
        faults.append(Fault(missing[0].place, f"published version {missing[0].number}, which is not there: {_CURE}"))
    terms = (Term("in the store", len(store.digests)), Term("current", store.pointer.number if store.pointer else 0))
    return Equation("model store", ("I4", "I5"), terms, tuple(faults[:MOST_FAULTS]), is_sum=False)


_CURE = "`anabranch store rebuild` makes the store anew"


def _behind(store: Store, published: Sequence[Announced]) -> list[Fault]:
    if not published:
        return []
    newest, pointer = published[-1], store.pointer
    if pointer is not None and pointer.number >= newest.number:
        return []
    stands = "the store has no current one" if pointer is None else f"the store stands at {pointer.number}"
    return [Fault(newest.place, f"published version {newest.number}, but {stands}: {_CURE}")]


def _otherwise(store: Store, known: Mapping[int, Announced]) -> list[Fault]:
    faults, under_way = list[Fault](), max(known, default=0) + 1
    held = {**store.digests, **({store.pointer.number: store.pointer.digest} if store.pointer else {})}
    for number, digest in sorted(held.items()):
        version = known.get(number)
        if version is None and number != under_way:
            faults.append(Fault(None, f"the store holds version {number}, which was never announced"))
        elif version is not None and version.digest != digest:
            what = f"announced version {number} as {version.digest[:12]}…, the store holds it as {digest[:12]}…"
            faults.append(Fault(version.place, what))
    return faults


@dataclass(slots=True)
class Named:
    """Versions and digests that answers name, each with how often and the first answer that does."""

    counts: Counter[tuple[int, str, bool]] = field(default_factory=Counter)
    first: dict[tuple[int, str, bool], Place] = field(default_factory=dict)

    def take(self, topic: str, columns: Columns, partition_N: Ints, offset_N: Ints) -> None:
        """Take answers."""
        without_N = (columns["status"] >= Status.PRIOR).astype(np.uint8)
        key_N = hash_rows(columns["version"], columns["digest"], without_N)
        _, first_K, count_K = np.unique(key_N, return_index=True, return_counts=True)
        for row, count in zip(first_K.tolist(), count_K.tolist(), strict=True):
            key = int(columns["version"][row]), columns["digest"][row].tobytes().hex(), bool(without_N[row])
            self.counts[key] += count
            self.first.setdefault(key, Place(topic, int(partition_N[row]), int(offset_N[row])))


def digests_equation(named: Named, known: Mapping[int, Announced], thinned: Set[int], store: Store) -> Equation:
    """Every digest answered with is in the store, in the versions topic, or was announced and let go of by the rule."""
    found: Counter[str] = Counter()
    faults: list[Fault] = []
    for key, count in named.counts.items():
        kind, fault = _kind(key, known.get(key[0]), store)
        found[_THINNED if kind == _IN_TOPIC and key[0] in thinned else kind] += count
        if fault:
            faults.append(Fault(named.first[key], fault))
    terms = [Term(name, found[name]) for name in (_IN_STORE, _IN_TOPIC, _THINNED, _WITHOUT, _UNKNOWN) if found[name]]
    return balance("digests answered with", ("I5",), Term("answers", sum(found.values())), terms, faults)


_IN_STORE, _IN_TOPIC, _THINNED = "of versions in the store", "of versions in the topic", "of versions let go of"
_WITHOUT, _UNKNOWN = "without a model", "of unknown versions"


def _kind(key: tuple[int, str, bool], known: Announced | None, store: Store) -> tuple[str, str]:
    number, digest, may_lack = key
    if number == 0 or digest == NO_MODEL.hex():
        right = number == 0 and digest == NO_MODEL.hex() and may_lack
        return (_WITHOUT, "") if right else (_UNKNOWN, f"names version {number} with the digest {digest[:12]}…")
    if store.digests.get(number) == digest:
        return _IN_STORE, ""
    if known is None:
        return _UNKNOWN, f"names version {number}, which was never announced and is not in the store"
    if known.digest != digest:
        return _UNKNOWN, f"names version {number} as {digest[:12]}…, but {known.digest[:12]}… was announced"
    if not known.published:
        return _UNKNOWN, f"names version {number}, which the gate refused"
    return _IN_TOPIC, ""


def lineage_faults(versions: Sequence[Announced]) -> list[Fault]:
    """Each version grew from the last that was published before it."""
    faults, parent = list[Fault](), 0
    for version in versions:
        if version.parent != parent:
            faults.append(Fault(version.place, f"names version {version.parent} as its parent, not {parent}"))
        parent = version.number if version.published else parent
    return faults
