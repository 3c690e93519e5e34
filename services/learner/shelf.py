"""Which published versions still have their artefact on the versions topic, and which must give theirs up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from adapters.learner_ports import Announcement
from schemas.contracts import Contracts
from schemas.versions import read_version

MOST_AT_ONCE: Final = 16
"""Versions thinned with one announcement: more than one are due only after `keep_artefacts` was lowered."""


class Shelf:
    """Holds the manifests, not the artefacts, of at most `learner.keep_artefacts` published versions.

    What a predecessor left is read from the topic, whole, when it first matters: a topic with no more numbers than
    artefacts are kept is never read. The topic is as long as `keep_artefacts` and compaction let it be.

    Parameters
    ----------
    contracts : Contracts
        Of the pipeline.
    announced : callable
        Reads all that stands on the topic, in any order, thinned records too.
    """

    def __init__(self, contracts: Contracts, announced: Callable[[], Iterable[Announcement]]) -> None:
        self._contracts, self._announced = contracts, announced
        self._keep = contracts.pipeline.learner.keep_artefacts
        self._manifests: dict[int, str] | None = None

    def put(self, number: int, manifest: str) -> tuple[str, ...]:
        """Take in a version that is about to be published; return the manifests of those to be thinned with it.

        Blocks for the topic, once in a learner's life. To be called once a version: what it returns is forgotten.
        """
        if number <= self._keep:
            return ()
        held = self._manifests = self._read() if self._manifests is None else self._manifests
        held[number] = manifest
        excess = sorted(held)[: max(0, len(held) - self._keep)]
        return tuple(held.pop(old) for old in excess[:MOST_AT_ONCE])

    def _read(self) -> dict[int, str]:
        whole, thinned = dict[int, str](), set[int]()
        for announcement in self._announced():
            version = read_version(self._contracts, announcement.value)
            if version.artefact:
                whole[version.number] = version.manifest
            elif version.thinned:
                thinned.add(version.number)
        return {number: manifest for number, manifest in whole.items() if number not in thinned}
