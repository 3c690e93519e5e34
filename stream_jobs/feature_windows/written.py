"""What a partition wants written: to its changelog and to the store."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Written:
    """What a batch leaves: changelog records (None: gone), values for the store, and keys it may let go of."""

    keys: list[bytes] = field(default_factory=list)
    values: list[bytes | None] = field(default_factory=list)
    store_keys: list[bytes] = field(default_factory=list)
    store_values: list[bytes] = field(default_factory=list)
    retired_keys: list[bytes] = field(default_factory=list)

    def log(self, key: bytes, value: bytes | None) -> None:
        """Add a changelog record."""
        self.keys.append(key)
        self.values.append(value)


@dataclass(frozen=True, slots=True)
class Packed:
    """Keys of the store and their values."""

    keys: list[bytes] = field(default_factory=list)
    values: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a rewrite of all values has come: a kind's place in the plan, and the number of its next entity."""

    kind: int = 0
    entity: int = 0
