"""Checkpoints in a folder: each written in one atomic step, the last two kept, one process at a time.

A file is named by the offset it stands for and holds a line that names the format, the SHA-256 of what
follows (32 bytes), and the payload. It is written beside its place, synced, renamed, and the folder is synced.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from schemas.errors import DataError, DependencyError, DiskRefuses

KEPT: Final = 2
_MAGIC: Final = b"ANABRANCH-CHECKPOINT-1\n"
_DIGEST_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A checkpoint as found: `offset` is the next to be read from the log."""

    offset: int
    payload: bytes


class CheckpointFolder:
    """Reads and writes the checkpoints of one learner. Every method blocks on the disk.

    Parameters
    ----------
    path : Path
        Made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process out; the lock goes with the process, however it ends.

        Raises
        ------
        DependencyError
            Another process has it.
        DiskRefuses
            The folder cannot be written.
        """
        with _disk_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            lock = open(self.path / "lock", "w")  # noqa: SIM115 (closed below, whatever happens)
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise DependencyError(
                    f"Another learner works in {self.path}.", "End it first, or give this one its own --ordinal."
                ) from error
            yield

    def save(self, offset: int, payload: bytes) -> None:
        """Write a checkpoint, then drop all but the newest ones.

        Raises
        ------
        DiskRefuses
            The disk is full or cannot be written; what was there is untouched.
        """
        with _disk_errors(self.path):
            half = self.path / "checkpoint.half"
            try:
                _write_synced(half, _MAGIC + sha256(payload).digest() + payload)
                half.rename(self.path / f"{offset:020d}.checkpoint")
                _sync_folder(self.path)
            except OSError:
                half.unlink(missing_ok=True)
                raise
            for old in self._files()[KEPT:]:
                old.unlink()

    def load(self, corrupted: Callable[[Path], None]) -> StoredCheckpoint | None:
        """Return the newest sound checkpoint, or None if there never was one.

        Parameters
        ----------
        corrupted : callable
            Told of each newer file that had to be passed over.

        Raises
        ------
        DataError
            There are checkpoints, and none is sound.
        """
        files = self._files()
        for file in files:
            payload = _sound_payload(file.read_bytes())
            if payload is not None:
                return StoredCheckpoint(int(file.stem), payload)
            corrupted(file)
        if files:
            raise DataError(
                f"No checkpoint in {self.path} is what its digest says.",
                "Remove the folder: it then learns anew from the log, and checks that the same versions come out.",
            )
        return None

    def _files(self) -> list[Path]:
        return sorted(self.path.glob("*.checkpoint"), reverse=True)


def _sound_payload(content: bytes) -> bytes | None:
    start = len(_MAGIC) + _DIGEST_BYTES
    digest, payload = content[len(_MAGIC) : start], content[start:]
    return payload if content.startswith(_MAGIC) and sha256(payload).digest() == digest else None


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DiskRefuses(
            f"{path} cannot be written: {error.strerror or error}. Learning has stopped; the last checkpoint stands.",
            "Make room or mend the rights, then start the learner again.",
        ) from error
