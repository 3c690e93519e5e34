"""One suite of laws for every detector, ours and River's."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.drift.detectors.error_rate import ErrorRateDetector
from models.drift.detectors.protocol import Alarm, Detector
from models.drift.detectors.rank import RankDetector
from models.drift.detectors.river_detectors import RIVER_KINDS, RiverDetector
from models.protocol import Snapshot
from schemas.errors import DataError

DETECTORS: dict[str, Callable[[], Detector]] = {
    "error_rate": lambda: ErrorRateDetector(memory=200),
    "rank": lambda: RankDetector(memory=100),
    **{kind: partial(RiverDetector, kind, horizon=300) for kind in RIVER_KINDS},
}
CHANGE = 600


@pytest.fixture(params=sorted(DETECTORS))
def make(request: pytest.FixtureRequest) -> Callable[[], Detector]:
    return DETECTORS[request.param]


def errors(seed: int, before: float = 0.1, after: float = 0.9, rows: int = 900) -> np.ndarray:
    random = np.random.default_rng(seed)
    rate_B = np.where(np.arange(rows) < CHANGE, before, after)
    return (random.random(rows) < rate_B).astype(np.float64)


def places(alarms: tuple[Alarm, ...]) -> list[tuple[int, int]]:
    return [(alarm.index, alarm.onset) for alarm in alarms]


def through_json(snapshot: Snapshot) -> Snapshot:
    return Snapshot(snapshot.tensors, json.loads(json.dumps(snapshot.manifest)))


def test_a_plain_change_is_found_once_it_has_come(make: Callable[[], Detector]) -> None:
    found = [place for place in places(make().add_many(errors(0))) if place[0] >= CHANGE]
    assert found
    assert found[0][0] < CHANGE + 200
    assert all(onset <= index for index, onset in found)


@given(seed=st.integers(0, 5), cuts=st.lists(st.integers(0, 900), max_size=4))
@settings(max_examples=4, deadline=None)
@pytest.mark.parametrize("name", sorted(DETECTORS))
def test_neither_batches_nor_a_stop_change_anything(name: str, seed: int, cuts: list[int]) -> None:
    values_B = errors(seed)
    whole, detector, alarms = DETECTORS[name](), DETECTORS[name](), []
    expected = places(whole.add_many(values_B))
    for part_B in np.split(values_B, sorted(cuts)):
        alarms += places(detector.add_many(part_B))
        restored = DETECTORS[name]()
        restored.restore(through_json(detector.snapshot()))
        detector = restored
    assert alarms == expected
    ours, theirs = detector.snapshot(), whole.snapshot()
    assert ours.manifest == theirs.manifest
    assert {n: t.tobytes() for n, t in ours.tensors.items()} == {n: t.tobytes() for n, t in theirs.tensors.items()}


def test_a_snapshot_does_not_change_with_its_detector(make: Callable[[], Detector]) -> None:
    detector = make()
    detector.add_many(errors(1)[:500])
    snapshot = detector.snapshot()
    before = {name: tensor.tobytes() for name, tensor in snapshot.tensors.items()}
    detector.add_many(errors(2))
    assert {name: tensor.tobytes() for name, tensor in snapshot.tensors.items()} == before


def test_what_is_not_finite_says_nothing_but_counts(make: Callable[[], Detector]) -> None:
    values_B = errors(3)
    gappy_B = np.insert(values_B, [50, 50, 300], [np.nan, np.inf, -np.inf])
    with_gaps, without = make().add_many(gappy_B), make().add_many(values_B)
    assert len(with_gaps) == len(without)
    if not isinstance(make(), RankDetector):  # its choices among equals fall on other values
        assert [a.index for a in with_gaps if a.index > 303] == [a.index + 3 for a in without if a.index > 300]


def test_an_empty_batch_and_a_constant_stream_are_no_change(make: Callable[[], Detector]) -> None:
    detector = make()
    assert detector.add_many(np.empty(0)) == ()
    assert detector.add_many(np.zeros(1000)) == ()


def test_the_state_of_another_detector_is_refused(make: Callable[[], Detector]) -> None:
    detector = make()
    other = ErrorRateDetector() if isinstance(detector, RankDetector) else RankDetector()
    with pytest.raises(DataError, match="is of the detector"):
        detector.restore(other.snapshot())


def test_memory_does_not_grow_with_the_stream(make: Callable[[], Detector]) -> None:
    detector = make()
    detector.add_many(errors(4, 0.2, 0.2, 2000))
    assert sum(tensor.nbytes for tensor in detector.snapshot().tensors.values()) <= 64 * 7 * 8 + 300 * 8
