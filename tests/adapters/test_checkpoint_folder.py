"""A checkpoint is there whole or not at all, whatever happens in between."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.checkpoint_folder import KEPT, CheckpointFolder
from schemas.errors import DataError, DependencyError, DiskRefuses


def never(path: Path) -> None:
    raise AssertionError(f"{path} is sound")


def test_what_was_saved_last_is_loaded_and_the_last_two_are_kept(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    assert folder.load(never) is None
    for offset in (5, 70, 600):
        folder.save(offset, f"state at {offset}".encode())
    found = folder.load(never)
    assert found is not None
    assert (found.offset, found.payload) == (600, b"state at 600")
    assert [p.name for p in sorted(tmp_path.iterdir())] == [f"{70:020d}.checkpoint", f"{600:020d}.checkpoint"]
    assert KEPT == 2


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_damage_to_the_latest_is_seen_and_the_one_before_is_taken(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("checkpoints")
    folder = CheckpointFolder(path)
    folder.save(1, b"before")
    folder.save(2, b"the latest")
    latest = path / f"{2:020d}.checkpoint"
    whole = latest.read_bytes()
    if data.draw(st.booleans()):
        latest.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    else:
        at = data.draw(st.integers(0, len(whole) - 1))
        latest.write_bytes(whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :])
    seen: list[Path] = []
    found = folder.load(seen.append)
    assert found is not None
    assert found.payload == b"before"
    assert seen == [latest]


def test_without_a_sound_one_it_says_so(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    folder.save(1, b"state")
    (tmp_path / f"{1:020d}.checkpoint").write_bytes(b"")
    with pytest.raises(DataError, match="No checkpoint"):
        folder.load(lambda _: None)


def test_a_full_disk_leaves_the_last_one_and_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = CheckpointFolder(tmp_path)
    folder.save(1, b"state")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskRefuses, match="No space left"):
        folder.save(2, b"more state")
    assert [p.name for p in tmp_path.iterdir()] == [f"{1:020d}.checkpoint"]


def test_a_second_process_is_kept_out_while_the_first_lives(tmp_path: Path) -> None:
    with CheckpointFolder(tmp_path).locked():
        second = CheckpointFolder(tmp_path).locked()
        with pytest.raises(DependencyError, match="Another learner"):
            second.__enter__()
    with CheckpointFolder(tmp_path).locked():
        pass
