"""A Kafka client less strict than Python's: header names of any bytes, as clients of other languages send them."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path

import confluent_kafka
import pytest

_PRODUCER, _COPY = 0, 2
_END, _TOPIC, _VALUE, _FLAGS, _HEADERS = 0, 1, 4, 7, 10
_FLUSH_MS = 10_000


def send_with_headers(bootstrap: str, topic: str, value: bytes, headers: Sequence[tuple[bytes, bytes]]) -> None:
    """Send one record by librdkafka's own C interface (rdkafka.h, `rd_kafka_producev`)."""
    library = _library()
    made = ctypes.c_void_p(library.rd_kafka_headers_new(len(headers)))
    for name, content in headers:
        size = ctypes.c_ssize_t
        assert library.rd_kafka_header_add(made, name, size(len(name)), content, size(len(content))) == 0
    client = _producer(library, bootstrap)
    parts = (_TOPIC, topic.encode(), _FLAGS, _COPY, _VALUE, value, ctypes.c_size_t(len(value)), _HEADERS, made, _END)
    assert library.rd_kafka_producev(client, *parts) == 0
    assert library.rd_kafka_flush(client, _FLUSH_MS) == 0
    library.rd_kafka_destroy(client)


def _producer(library: ctypes.CDLL, bootstrap: str) -> ctypes.c_void_p:
    why = ctypes.create_string_buffer(512)
    settings = ctypes.c_void_p(library.rd_kafka_conf_new())
    assert library.rd_kafka_conf_set(settings, b"bootstrap.servers", bootstrap.encode(), why, len(why)) == 0, why.value
    client = ctypes.c_void_p(library.rd_kafka_new(_PRODUCER, settings, why, len(why)))
    assert client.value, why.value
    return client


def _library() -> ctypes.CDLL:
    folder = Path(confluent_kafka.__file__).parents[1] / "confluent_kafka.libs"
    found = sorted(folder.glob("librdkafka*.so*"))
    if not found:
        pytest.skip("the client library is not one with librdkafka beside it")
    library = ctypes.CDLL(str(found[0]))
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_headers_new"):
        getattr(library, name).restype = ctypes.c_void_p
    return library
