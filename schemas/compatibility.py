"""Whether a new schema can read what old ones wrote (BACKWARD), and the lock file that remembers the old ones."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from schemas.codec_layout import fields_of
from schemas.codec_resolution import changes_that_break
from schemas.errors import ConfigurationError, SchemaIncompatible
from schemas.static_ids import static_id

Schema = dict[str, Any]
Lock = Mapping[str, Sequence[Schema]]
"""All schemas that each record has ever had, oldest first."""

_CURE: Final = "Mend what is named above; or give the pipeline a new name, and with it new topics."


def check_backward(record: str, former: Sequence[Schema], new: Schema) -> None:
    """Check that `new` can read every one of `former`: topics keep messages longer than schemas last.

    Raises
    ------
    SchemaIncompatible
        Names each field that breaks it, and what would mend it.

    References
    ----------
    Confluent Schema Registry, compatibility type BACKWARD_TRANSITIVE.
    """
    faults = [f for old in former for f in changes_that_break(fields_of(old), fields_of(new))]
    if faults:
        raise SchemaIncompatible(f"{record} can no longer be read: {'; '.join(dict.fromkeys(faults))}.", _CURE)


def check_all_backward(lock: Lock, schemas: Mapping[str, Schema]) -> None:
    """Check every record of `schemas` against what it has been.

    Raises
    ------
    SchemaIncompatible
        The first record that cannot read its past.
    """
    for record, schema in schemas.items():
        check_backward(record, lock.get(record, ()), schema)


def unlocked(lock: Lock, schemas: Mapping[str, Schema]) -> list[str]:
    """Name the records whose present schema the lock does not hold yet."""
    return [r for r, s in schemas.items() if static_id(s) not in {static_id(old) for old in lock.get(r, ())}]


def locked(lock: Lock, schemas: Mapping[str, Schema]) -> Lock:
    """Add the present schemas to a lock; what only says its docs anew takes its own place.

    Raises
    ------
    SchemaIncompatible
        A present schema cannot read a former one.
    """
    check_all_backward(lock, schemas)
    return {record: _with(lock.get(record, ()), schemas.get(record)) for record in {**lock, **schemas}}


def _with(former: Sequence[Schema], new: Schema | None) -> list[Schema]:
    if new is None:
        return list(former)
    return [old for old in former if static_id(old) != static_id(new)] + [new]


def ids_and_schemas(lock: Lock) -> list[tuple[int, Schema]]:
    """List what a lock holds under built-in ids: what ``contracts_of`` takes as `former`."""
    return [(static_id(schema), schema) for schemas in lock.values() for schema in schemas]


def render_lock(pipeline: str, lock: Lock) -> str:
    """Write a lock file."""
    records = {r: [{"id": static_id(s), "schema": s} for s in lock[r]] for r in sorted(lock)}
    return json.dumps({"pipeline": pipeline, "records": records}, indent=1, ensure_ascii=False) + "\n"


def parse_lock(text: str, file: str) -> Lock:
    """Read a lock file.

    Raises
    ------
    ConfigurationError
        It is not one, or a schema in it has been edited.
    """
    try:
        records = json.loads(text)["records"]
        edited = [r for r, all_ in records.items() for e in all_ if static_id(e["schema"]) != e["id"]]
        lock = {record: [entry["schema"] for entry in entries] for record, entries in records.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{file} is no lock file: {error!r}.", "Restore it from version control.") from error
    if edited:
        raise ConfigurationError(f"{file}: the schema of {edited[0]} was edited.", "Restore it from version control.")
    return lock
