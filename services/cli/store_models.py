"""The model store made again from the versions topic, or compared with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from adapters.model_digest import digest_of
from adapters.ports import ModelStore
from schemas.errors import DataError, DependencyError, MissingModel
from schemas.versions import Version

ATTEMPTS: Final = 5
"""A learner that publishes meanwhile clears away blobs that no version names: also one that was just brought back."""

Tell = Callable[[int, int], None]
"""Hears how many versions are done, and of how many at most."""
Fate = Literal["present", "restored", "missing", "lost"]


@dataclass(frozen=True, slots=True)
class ModelsReport:
    """What became of the newest published versions, newest first.

    Attributes
    ----------
    present : tuple of int
        Stood in the store as they were announced; their digests were checked.
    restored : tuple of int
        Put back.
    missing : tuple of int
        Not there, or not whole; nothing was done, as was asked for.
    lost : tuple of int
        Neither the store nor the topic has the artefact any more.
    current : int
        Where the pointer stands; 0: nowhere.
    """

    present: tuple[int, ...]
    restored: tuple[int, ...]
    missing: tuple[int, ...]
    lost: tuple[int, ...]
    current: int

    @property
    def whole(self) -> bool:
        """Whether the store has all that it should have."""
        return not self.missing and not self.lost


def rebuild_models(
    announced: Iterable[Version], store: ModelStore, keep: int, check: bool = False, tell: Tell = lambda _d, _w: None
) -> ModelsReport:
    """Put back the newest `keep` published versions that the store has lost. Blocks.

    The newest comes first, so that service is whole as soon as can be; each stands at once with its blob or not at
    all. Safe while the learner publishes and while others rebuild; doing it again changes nothing.

    Parameters
    ----------
    announced : iterable of Version
        As `VersionsLog.newest_first` gives them. No more of it is read than is needed, and one artefact is held.
    check : bool
        Only look.

    Raises
    ------
    DataError
        The store holds another digest under a number: it belongs to another log.
    DependencyError
        The store is away, or loses data again and again.
    """
    fates: dict[int, Fate] = {}
    for version in newest_published(announced, keep):
        fates[version.number] = _fate(version, store, check, newest=not fates)
        tell(len(fates), keep)
    pointer = store.current()
    named = {
        fate: tuple(n for n, f in fates.items() if f == fate) for fate in ("present", "restored", "missing", "lost")
    }
    return ModelsReport(**named, current=pointer.number if pointer else 0)


def newest_published(announced: Iterable[Version], keep: int) -> Iterator[Version]:
    """The newest `keep` published versions: those with an artefact, then, if these are too few, thinned ones."""
    thinned: list[Version] = []
    for version in announced:
        if keep and version.artefact:
            keep -= 1
            yield version
        elif version.thinned:
            thinned.append(version)
        if not keep:
            return
    yield from sorted(thinned, key=lambda version: -version.number)[:keep]


def _fate(version: Version, store: ModelStore, check: bool, newest: bool) -> Fate:
    if _stands(version, store, newest):
        return "present"
    if digest_of(version.artefact) != version.digest:
        return "lost"
    if check:
        return "missing"
    _put_back(version, store)
    return "restored"


def _stands(version: Version, store: ModelStore, newest: bool) -> bool:
    """Whether the store has a version as it was announced; has it the newest, its pointer must have come so far."""
    if store.manifest(version.number) != version.manifest:
        return False
    pointer = store.current() if newest else None
    if newest and (pointer is None or pointer.number < version.number):
        return False
    try:
        store.get(version.digest)
    except DataError:
        return False
    return True


def _put_back(version: Version, store: ModelStore) -> None:
    for _ in range(ATTEMPTS):
        store.put(version.artefact)
        try:
            store.restore(version.number, version.digest, version.manifest)
        except MissingModel:
            continue
        return
    raise DependencyError(
        f"Version {version.number} was cleared away {ATTEMPTS} times while it was put back.",
        "Is somebody flushing Redis? Run `anabranch store rebuild` again.",
    )
