"""Packed snapshots: what is packed is read back, as of any time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.entity_key import entity_text
from schemas.feature_as_of import read_as_of
from schemas.feature_format import empty_columns, pack, pack_watermark, unpack_watermark
from schemas.layout import EntityKind, WindowColumn

PANE = 1000
AGGREGATES = ("count", "mean", "decayed_count", "age")
KIND = EntityKind(
    "k",
    ("k",),
    {"e": ("k",)},
    tuple(WindowColumn(a, "e", "v", a, 8000, i, 0, 1) for i, a in enumerate(AGGREGATES)),  # type: ignore[arg-type]
)
snapshots = st.lists(st.integers(0, 40), min_size=1, max_size=6, unique=True).map(sorted)


def naive(times: list[int], x_SC: np.ndarray, at: float, reach: int) -> tuple[np.ndarray, bool]:
    held = [i for i, t in enumerate(times) if t <= at]
    if not held:
        gone = at < times[-1] - reach
        return (np.full(4, np.nan, np.float32) if gone else empty_columns(KIND)), gone
    count, mean, decayed, age = (float(v) for v in x_SC[held[-1]])
    since = at - times[held[-1]]
    return np.array([count, mean, decayed * 2 ** (-since / 8000), age + since / 1000], np.float32), False


@given(st.lists(snapshots, min_size=1, max_size=5), st.integers(0, 2**32 - 1), st.data())
@settings(max_examples=60, deadline=None)
def test_reading_as_of_a_time_gives_the_newest_snapshot_not_younger(
    entities: list[list[int]], seed: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(seed)
    times = [np.array(e) * PANE for e in entities]
    x = [rng.normal(size=(len(e), 4)).astype(np.float32) for e in entities]
    values = pack(np.concatenate(times), np.concatenate(x), np.array([len(e) for e in entities]), seed)
    row_B = np.array(data.draw(st.lists(st.integers(-1, len(entities) - 1), min_size=1, max_size=12)))
    at_B = np.array(data.draw(st.lists(st.integers(0, 60), min_size=len(row_B), max_size=len(row_B)))) * float(PANE)
    read = read_as_of(values, row_B, at_B, KIND, 5 * PANE, seed)
    for b, (row, at) in enumerate(zip(row_B, at_B, strict=True)):
        want, gone = (
            (np.full(4, np.nan, np.float32), False) if row < 0 else naive(list(times[row]), x[row], at, 5 * PANE)
        )
        np.testing.assert_array_equal(read.x_BC[b], want)
        assert read.out_of_reach_B[b] == gone


@pytest.mark.parametrize("value", [None, b"", b"short", b"\0" * 16, b"\xff" * 64])
def test_strange_bytes_read_as_an_entity_without_events(value: bytes | None) -> None:
    good = pack(np.array([5000]), np.ones((1, 4), np.float32), np.array([1]), 9)[0]
    read = read_as_of([value, good, good[:-4]], np.array([0, 1, 2]), np.full(3, 5000.0), KIND, PANE, 9)
    np.testing.assert_array_equal(read.x_BC, [empty_columns(KIND), np.ones(4), empty_columns(KIND)])


def test_a_value_of_other_windows_is_not_read() -> None:
    value = pack(np.array([5000]), np.ones((1, 4), np.float32), np.array([1]), 9)[0]
    read = read_as_of([value], np.array([0]), np.array([5000.0]), KIND, PANE, 10)
    np.testing.assert_array_equal(read.x_BC[0], empty_columns(KIND))
    assert unpack_watermark(pack_watermark(5, 9), 10) == -np.inf


def test_the_first_eight_bytes_are_the_newest_time_and_order_as_numbers_do() -> None:
    values = pack(np.array([255, 256, 1 << 40]), np.zeros((3, 4), np.float32), np.array([1, 1, 1]), 0)
    assert [int.from_bytes(v[:8], "big") for v in values] == [255, 256, 1 << 40]
    assert values == sorted(values)


text = st.text("ab\x1f\x10" + "01", max_size=4)


@given(st.lists(st.tuples(text, text), min_size=2, max_size=30))
def test_different_keys_have_different_texts(pairs: list[tuple[str, str]]) -> None:
    first, second = (np.array([p[i].encode() for p in pairs]) for i in (0, 1))
    texts = entity_text([first, second]).tolist()
    whole = {(a, b): t for (a, b), t in zip(pairs, texts, strict=True) if a and b}
    assert len(set(whole.values())) == len(whole)
    assert all((t == b"") == (not (a and b)) for (a, b), t in zip(pairs, texts, strict=True))
