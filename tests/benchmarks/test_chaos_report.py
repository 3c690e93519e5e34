"""The kill report tells what was seen, and times only what came alone."""

from __future__ import annotations

from pathlib import Path

from benchmarks.chaos.figures import by_kind
from benchmarks.chaos.page import page
from benchmarks.chaos.plot import save_plot
from benchmarks.end_to_end.machine import machine
from tests.system.chaos.ordeals import Recovered
from tests.system.chaos.schedule import Disturbance
from tests.system.chaos.trial import Suffered

KILL = Disturbance(100, "kill", "predictor", True)
TWINS = Disturbance(200, "twins", "learner", True)
SUFFERED = [
    Suffered(KILL, 101, False, Recovered(4.0)),
    Suffered(KILL, 150, False, Recovered(6.0)),
    Suffered(KILL, 160, True, Recovered(99.0)),
    Suffered(TWINS, 200, True, Recovered(7.0, 4, "error: another | works here")),
]
COUNTS = {
    **dict.fromkeys(("requests", "requests_lost", "requests_doubled", "labels", "labels_lost", "labels_doubled"), 1000),
    "vectors_equal": 900,
    "vectors_other": 0,
    "digests_equal": True,
    "versions": 12,
    "verify": "all holds",
}


def test_overlapped_recoveries_are_counted_and_not_timed() -> None:
    kinds = by_kind(SUFFERED)
    assert list(kinds) == ["kill predictor", "twins learner"]
    assert kinds["kill predictor"] | {"median": 5.0, "max": 6.0, "times": 3, "timed": 2} == kinds["kill predictor"]
    assert kinds["twins learner"]["median"] is None
    assert kinds["twins learner"]["exit_codes"] == {"4": 1}


def test_the_page_says_what_came_of_it(tmp_path: Path) -> None:
    about = {"seed": 7, "date": "2026-01-01", "machine": machine(), "load_before": [1.0], "load_after": [2.0]}
    kinds = {"kills": 3, "others": 1, "kinds": by_kind(SUFFERED), "ended_by_themselves": {}, "statuses": {"ok": 1000}}
    for broken, told in (({}, "| laws that did not hold | none |"), ({"learner": "other digest"}, "hold | learner |")):
        text = page({**about, **kinds, **COUNTS, "broken": broken, "held": not broken})
        assert told in text
        assert "| kill predictor | 3 | 2 | 5.0 s | 5.8 s | 6.0 s |" in text
        assert "| twins learner | 4 (1 ×) | error: another / works here |" in text
    save_plot(kinds, tmp_path / "chaos.png")
    assert (tmp_path / "chaos.png").stat().st_size > 1000
