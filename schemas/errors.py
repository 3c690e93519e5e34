"""Every error that Anabranch raises on purpose.

::

    AnabranchError
    ├── ConfigurationError      exit 3   a file or setting is wrong; names the key and the cure
    │   └── SchemaIncompatible  exit 3   a schema would break readers of what is stored
    ├── DependencyError         exit 4   Kafka, Redis or a registry is away or refuses
    │   ├── Fenced              exit 4   another process has taken this one's place
    │   └── DiskRefuses         exit 4   the disk is full, or may not be written
    ├── DataError               exit 5   stored data breaks a promise
    │   ├── BadRecord           exit 5   one event cannot be used (it goes to dead-letters)
    │   ├── DigestMismatch      exit 5   an artefact is not what its name says
    │   ├── MissingModel        exit 5   the store has no model of this digest
    │   └── LogCutShort         exit 5   retention removed records while they were being read
    └── SecurityRefusal         exit 6   refused on purpose
"""

from __future__ import annotations

from typing import ClassVar

EXIT_OK = 0
EXIT_USAGE = 2
EXIT_BUG = 70


class AnabranchError(Exception):
    """Root of the tree: says what happened, why, and how to mend it.

    Parameters
    ----------
    what : str
        What happened and why, in one sentence.
    cure : str
        What the reader can do about it; empty when nothing can be done.
    """

    exit_code: ClassVar[int] = EXIT_BUG

    def __init__(self, what: str, cure: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.what} {self.cure}".strip()


class ConfigurationError(AnabranchError):
    """A file or setting is wrong."""

    exit_code = 3


class SchemaIncompatible(ConfigurationError):
    """A new schema cannot read what an old one wrote."""


class DependencyError(AnabranchError):
    """Kafka, Redis or the schema registry is away or refuses."""

    exit_code = 4


class Fenced(DependencyError):
    """Another process with the same identity has taken over; this one must go."""


class DiskRefuses(DependencyError):
    """The disk is full, or a folder may not be written."""


class DataError(AnabranchError):
    """Stored data breaks a promise."""

    exit_code = 5


class LogCutShort(DataError):
    """Retention removed records while they were being read. From its new beginning the log can be read again."""


class BadRecord(DataError):
    """One event cannot be used.

    Parameters
    ----------
    reason : str
        A member of ``schemas.dead_letters.REASONS``: bounded, so it can be a metric label.
    what : str
        The field and the value, for a person.
    """

    def __init__(self, reason: str, what: str, cure: str = "") -> None:
        super().__init__(what, cure)
        self.reason = reason


class DigestMismatch(DataError):
    """An artefact is not what its name says."""


class MissingModel(DataError):
    """A model store has no model of this digest."""


class SecurityRefusal(AnabranchError):
    """Refused on purpose."""

    exit_code = 6
