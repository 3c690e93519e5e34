"""The contracts of a pipeline with the ids of a schema registry."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Final, TypeVar

from confluent_kafka.schema_registry import Schema as RegistrySchema
from confluent_kafka.schema_registry import SchemaRegistryClient, SchemaRegistryError

from schemas.codec_layout import fields_of
from schemas.compatibility import Lock, ids_and_schemas
from schemas.contracts import Contracts, contracts_of
from schemas.errors import AnabranchError, ConfigurationError, DependencyError, SchemaIncompatible
from schemas.generated import Schema, all_schemas
from schemas.pipeline import Pipeline
from schemas.subjects import subjects

COMPATIBILITY: Final = "BACKWARD_TRANSITIVE"
"""Topics keep messages of more than the last schema, so a new one must read all."""

# Newer clients stand on httpx2, older ones on httpx; what breaks below HTTP has the same name in both.
_TransportError: Final[type[Exception]] = import_module("httpx2" if find_spec("httpx2") else "httpx").TransportError
_NOT_FOUND, _CONFLICT = 404, 409
T = TypeVar("T")


def contracts_with(pipeline: Pipeline, lock: Lock, url: str) -> Contracts:
    """Build the contracts, registering what the registry does not know yet. Blocks, for some seconds a call at most.

    Parameters
    ----------
    lock : Lock
        Schemas that the records of this pipeline have had, from its lock file: what they wrote stays readable.
    url : str
        Of a registry that speaks Confluent's API: http://host:port.

    Raises
    ------
    SchemaIncompatible
        A record can no longer read what it wrote before.
    DependencyError
        The registry is away.
    ConfigurationError
        It refuses what it was sent.
    """
    client = _mapped(lambda: SchemaRegistryClient(_settings(url)), url)
    schemas = all_schemas(pipeline)
    found = [(record, *_registered(client, subject, schemas[record], url)) for subject, record in subjects(pipeline)]
    ids = {record: schema_id for record, schema_id, _ in reversed(found)}
    return contracts_of(pipeline, ids, [*ids_and_schemas(lock), *(old for _, _, olds in found for old in olds)])


def _settings(url: str) -> dict[str, object]:
    return {"url": url, "timeout": 10, "max.retries": 2, "retries.wait.ms": 100, "retries.max.wait.ms": 1000}


def _registered(
    client: SchemaRegistryClient, subject: str, schema: Schema, url: str
) -> tuple[int, list[tuple[int, Schema]]]:
    """Return the id of a schema, and all that the subject has had."""
    text = RegistrySchema(json.dumps(schema), "AVRO")
    schema_id = _mapped(lambda: _id_of(client, subject, text), url)
    return schema_id, _mapped(lambda: [*_versions(client, subject)], url)


def _id_of(client: SchemaRegistryClient, subject: str, text: RegistrySchema) -> int:
    try:
        return client.lookup_schema(subject, text).schema_id or 0
    except SchemaRegistryError as error:
        if error.http_status_code != _NOT_FOUND:
            raise
    client.set_compatibility(subject, COMPATIBILITY)
    return client.register_schema(subject, text)


def _versions(client: SchemaRegistryClient, subject: str) -> Iterator[tuple[int, Schema]]:
    for version in client.get_versions(subject):
        registered = client.get_version(subject, version)
        schema = json.loads(registered.schema.schema_str or "null")
        if _is_known_kind(schema):
            yield registered.schema_id or 0, schema


def _is_known_kind(schema: Schema) -> bool:
    """Others may register what our codec cannot read; such messages go to dead-letters, one by one."""
    try:
        fields_of(schema)
    except (ConfigurationError, KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return False
    return True


def _mapped(call: Callable[[], T], url: str) -> T:
    try:
        return call()
    except SchemaRegistryError as error:
        raise _named(error, url) from error
    except _TransportError as error:
        what = f"The schema registry at {url} does not answer: {error}."
        raise DependencyError(what, "Start it, or leave `registry` empty for built-in ids.") from error
    except (TypeError, AttributeError, KeyError) as error:  # the client takes every answer for a registry's
        what = f"What answers at {url} is no schema registry: {error!r}."
        raise ConfigurationError(what, "Give the address of one, or leave `registry` empty.") from error
    except ValueError as error:
        raise ConfigurationError(f"{url!r} cannot be a schema registry: {error}.", "Give http://host:port.") from error


def _named(error: SchemaRegistryError, url: str) -> AnabranchError:
    what = f"The schema registry at {url} refuses: {error}."
    if error.http_status_code == _CONFLICT:
        return SchemaIncompatible(
            what, "Undo the change, or give the new field a default and the changed one a new name."
        )
    if error.http_status_code >= 500:
        return DependencyError(what, "Look at its log.")
    return ConfigurationError(what, "Check the address, the credentials in it, and what they may do.")
