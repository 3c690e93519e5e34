"""The benchmark of trusted labels tells lies from honest labels on a stream where that can be known."""

from __future__ import annotations

import numpy as np

from benchmarks.learning.streams import Stream
from benchmarks.trusted_labels import COLUMNS, LIES, measured, row, trial


def plain_stream(rows: int = 6000) -> Stream:
    x_TF = np.random.default_rng(0).normal(size=(rows, 2)).astype(np.float32)
    return Stream("plain", x_TF, (x_TF[:, 0] > 0).astype(np.float64), 2)


def test_lies_are_found_within_two_windows_and_honest_labels_never_freeze() -> None:
    stream = plain_stream()
    honest, lying = trial(stream, 0.0, 0), trial(stream, 1.0, 0)
    assert (honest.false, honest.found_after, honest.windows) == (0, -1, 5)
    assert lying.false == 0
    assert 0 < lying.found_after <= 2048
    assert 0.5 < lying.held < 0.9
    assert trial(stream, 1.0, 0) == lying


def test_each_row_of_the_table_is_as_wide_as_its_head() -> None:
    rows = [cells for cells, _ in measured([plain_stream(600)], 1)]
    assert [len(cells) for cells in rows] == [len(COLUMNS)] * len(LIES)
    assert row("s", 0.5, [trial(plain_stream(600), 0.5, 0)])[1] == "50 %"
