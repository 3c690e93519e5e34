"""The broker listens on loopback only, promises what one node can keep, and reads any path unharmed."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from adapters.local_stack.broker_settings import broker_settings, properties_text

SETTINGS = broker_settings(Path("/data"), 9092, 9093)


def test_every_address_is_loopback() -> None:
    addresses = [value for key, value in SETTINGS.items() if "listeners" in key or "voters" in key]
    hosts = re.findall(r"(?://|@)([^:]+):\d+", ",".join(addresses))
    assert hosts
    assert set(hosts) == {"127.0.0.1"}


def test_no_promise_needs_a_second_node() -> None:
    copies = [
        value for key, value in SETTINGS.items() if key.endswith(("replication.factor", "min.isr", "insync.replicas"))
    ]
    assert len(copies) == 7
    assert set(copies) == {"1"}


def test_misspelt_topic_is_not_created() -> None:
    assert SETTINGS["auto.create.topics.enable"] == "false"


def read_as_java(line: str) -> str:
    """Read one value as `java.util.Properties` does."""
    value = line.partition("=")[2]
    units = re.sub(r"\\u([0-9a-f]{4})|\\(.)", lambda m: chr(int(m[1], 16)) if m[1] else m[2], value)
    return units.encode("utf-16", "surrogatepass").decode("utf-16")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(lambda path: path == path.lstrip()))
def test_any_path_survives_the_properties_file(path: str) -> None:
    text = properties_text({"log.dirs": path})
    assert text.isascii()
    assert read_as_java(text.removesuffix("\n")) == path
