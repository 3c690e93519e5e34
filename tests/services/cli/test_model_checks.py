"""Each check finds what it is for, and is silent when all is well."""

from __future__ import annotations

import numpy as np
import pytest

from adapters.ports import ModelPointer
from models.protocol import Float32, Snapshot
from services.cli.model_checks import (
    TOLERANCE,
    check_digests,
    check_numbers,
    check_pointer,
    check_recomputed,
    worst_difference,
)


class Same:
    """Answers with the first column."""

    kind = "same"

    def predict_many(self, x_BF: Float32) -> Float32:
        return x_BF[:, :1]

    def snapshot(self) -> Snapshot:
        return Snapshot()


@pytest.mark.parametrize(
    ("numbers", "holds"), [([], True), ([3], True), ([1, 2, 5], True), ([1, 1], False), ([2, 1], False)]
)
def test_numbers_rise(numbers: list[int], holds: bool) -> None:
    assert check_numbers(numbers).holds is holds


@pytest.mark.parametrize(
    ("pointer", "published", "holds"),
    [
        (None, {}, True),
        (None, {1: "a"}, False),
        (ModelPointer(2, "b"), {1: "a", 2: "b"}, True),
        (ModelPointer(1, "a"), {1: "a", 2: "b"}, False),
        (ModelPointer(2, "x"), {1: "a", 2: "b"}, False),
        (ModelPointer(3, "c"), {1: "a", 2: "b"}, True),
    ],
)
def test_pointer_is_the_newest_version_or_one_being_announced(
    pointer: ModelPointer | None, published: dict[int, str], holds: bool
) -> None:
    assert check_pointer(pointer, published).holds is holds


def test_what_is_stored_is_what_was_announced() -> None:
    assert check_digests({1: "a", 2: "b"}, {1: "a", 2: "b", 3: "c"}).holds
    assert "2" in check_digests({1: "a", 2: "x"}, {1: "a", 2: "b"}).what


def test_answers_come_out_again() -> None:
    x_BF = np.random.default_rng(0).random((5, 3), np.float32)
    assert worst_difference(Same(), x_BF, x_BF[:, :1]) == 0.0
    assert worst_difference(Same(), x_BF, x_BF[:, :1] + np.float32(0.5)) == pytest.approx(0.5)
    assert worst_difference(Same(), x_BF, np.full((5, 1), np.nan, np.float32)) == np.inf
    assert check_recomputed({1: 0.0, 2: TOLERANCE}, 9).holds
    assert not check_recomputed({1: 0.0, 2: 2 * TOLERANCE}, 9).holds
