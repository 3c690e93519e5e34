"""Built-in schema ids for other clients of this language: a registry client without a registry."""

from __future__ import annotations

import json
from typing import Any, Final

from confluent_kafka.schema_registry import RegisteredSchema, SchemaRegistryClient, SchemaRegistryError
from confluent_kafka.schema_registry import Schema as RegistrySchema

from schemas.generated import all_schemas
from schemas.pipeline import Pipeline
from schemas.static_ids import static_id

SCHEMA_NOT_FOUND: Final = 40403


class StaticRegistryClient(SchemaRegistryClient):
    """For ``AvroSerializer`` and ``AvroDeserializer``: knows the schemas of a pipeline, and asks nobody.

    Registering a schema that it knows gives its id; any other is refused, as by a registry that is read-only.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__({"url": "http://127.0.0.1:0"})  # never called
        self._by_id = {static_id(schema): schema for schema in all_schemas(pipeline).values()}

    def get_schema(self, schema_id: int, *_: Any, **__: Any) -> RegistrySchema:
        """Return the schema of an id; SchemaRegistryError 404 if there is none."""
        if schema_id not in self._by_id:
            raise SchemaRegistryError(404, SCHEMA_NOT_FOUND, f"Schema {schema_id} not found")
        return RegistrySchema(json.dumps(self._by_id[schema_id]), "AVRO")

    def lookup_schema(self, subject_name: str, schema: RegistrySchema, *_: Any, **__: Any) -> RegisteredSchema:
        """Return the id of a schema; SchemaRegistryError 404 if it is none of the pipeline's."""
        schema_id = static_id(json.loads(schema.schema_str or "null"))
        self.get_schema(schema_id)
        return RegisteredSchema(subject=subject_name, version=1, schema_id=schema_id, guid=None, schema=schema)

    register_schema_full_response = lookup_schema

    def register_schema(self, subject_name: str, schema: RegistrySchema, *_: Any, **__: Any) -> int:
        """Return the id of a schema that is the pipeline's own."""
        return self.lookup_schema(subject_name, schema).schema_id or 0

    def get_associations_by_resource_name(self, *_: Any, **__: Any) -> list[Any]:
        """None: topics go by their names."""
        return []
