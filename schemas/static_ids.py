"""Schema ids without a registry: a fingerprint of the schema, so that a schema has one id for ever, everywhere."""

from __future__ import annotations

from typing import Any, Final

from fastavro.schema import fingerprint, to_parsing_canonical_form

_BITS: Final = 31


def static_id(schema: dict[str, Any]) -> int:
    """Low 31 bits of the Rabin fingerprint (CRC-64-AVRO) of the Parsing Canonical Form.

    31 bits, because clients in other languages keep the id as a signed 32-bit number. Docs, defaults and our own
    attributes do not count: they change nothing in the bytes.

    References
    ----------
    Apache Avro 1.12 specification, "Parsing Canonical Form for Schemas" and "Schema Fingerprints".

    Examples
    --------
    >>> static_id({"type": "record", "name": "R", "fields": [{"name": "a", "type": "long"}]})
    1958054298
    """
    little_endian = bytes.fromhex(fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))
    return int.from_bytes(little_endian, "little") & ((1 << _BITS) - 1)
