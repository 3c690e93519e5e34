"""Jars are fetched once, kept only when whole, and a half-done fetch can be taken up again."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from adapters.local_stack.jars import Jar, fetch_jars, pinned_jars
from adapters.local_stack.progress import silent
from schemas.errors import DependencyError, DigestMismatch


def jar(name: str, content: bytes) -> Jar:
    return Jar("org.example", name, "1.0", hashlib.sha256(content).hexdigest())


JARS = tuple(jar(name, name.encode()) for name in ("river", "brook", "creek"))


class Repository:
    """Serves each jar its name as content; breaks at one of them, or falsifies it."""

    def __init__(self, broken: str = "", false: str = "") -> None:
        self.asked: list[str] = []
        self.broken, self.false = broken, false

    def download(self, wanted: Jar, scratch: Path) -> Path:
        self.asked.append(wanted.artifact)
        if wanted.artifact == self.broken:
            raise DependencyError("The line is cut.")
        path = scratch / "somewhere.jar"
        path.write_bytes(b"false" if wanted.artifact == self.false else wanted.artifact.encode())
        return path


def test_second_fetch_downloads_nothing(tmp_path: Path) -> None:
    first, second = Repository(), Repository()
    assert fetch_jars(JARS, tmp_path, silent, first.download) == fetch_jars(JARS, tmp_path, silent, second.download)
    assert (first.asked, second.asked) == (["river", "brook", "creek"], [])


def test_fetch_resumes_after_a_cut(tmp_path: Path) -> None:
    with pytest.raises(DependencyError):
        fetch_jars(JARS, tmp_path, silent, Repository(broken="brook").download)
    again = Repository()
    fetch_jars(JARS, tmp_path, silent, again.download)
    assert again.asked == ["brook", "creek"]


def test_false_jar_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(DigestMismatch, match=r"river-1\.0\.jar"):
        fetch_jars(JARS, tmp_path, silent, Repository(false="river").download)
    assert list(tmp_path.iterdir()) == []


def test_damaged_jar_is_fetched_anew(tmp_path: Path) -> None:
    paths = fetch_jars(JARS, tmp_path, silent, Repository().download)
    paths[1].write_bytes(b"brok")
    again = Repository()
    fetch_jars(JARS, tmp_path, silent, again.download)
    assert again.asked == ["brook"]
    assert paths[1].read_bytes() == b"brook"


def test_progress_counts_up_to_what_is_missing(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    fetch_jars(JARS, tmp_path, lambda step, done, total: told.append((done, total)), Repository().download)
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_pinned_list_names_one_kafka_whole_digests_and_no_jar_twice() -> None:
    pinned = pinned_jars()
    kafka = {jar.version for jar in pinned if jar.group == "org.apache.kafka"}
    assert kafka == {"4.1.0"}
    assert len({(jar.group, jar.artifact) for jar in pinned}) == len({jar.file_name for jar in pinned}) == len(pinned)
    assert all(len(bytes.fromhex(jar.sha256)) == 32 for jar in pinned)
