"""What a soak judges, on courses made by hand; and its page is what its report says."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.publishing import CLONE
from benchmarks.soak.__main__ import main
from benchmarks.soak.load import Listener, Load
from benchmarks.soak.page import page
from benchmarks.soak.pipeline import PIPELINE, RETENTION_MIN, USERS
from benchmarks.soak.report import report_of, retained_bounds_mib
from benchmarks.soak.samples import Sample, by_minute, steadiness
from schemas.pipeline_file import parse_pipeline

SOUND = [
    Sample(5.0 * i, {"predictor": 600.0, "kafka": 300.0 + i}, 5.0, USERS, {"requests": min(i, 200) / 2}, {}, (5, 20, 9))
    for i in range(400)
]


class Heard(Listener):
    """One that has heard so many answers."""

    def __init__(self, answers: int) -> None:
        self.answers, self.statuses = answers, np.zeros(16, np.int64)


def judged(samples: list[Sample], answers: int = 100) -> dict[str, bool]:
    sending = Load(None, "", 2000.0, sent=100)  # type: ignore[arg-type]
    found: dict[str, bool] = report_of(samples, sending, Heard(answers), 2000.0, 480.0, {"holds": True})[
        "within_bounds"
    ]
    return found


def test_a_steady_course_is_within_its_bounds() -> None:
    assert set(judged(SOUND).values()) == {True}


def test_memory_that_grows_is_found() -> None:
    grown = [replace(s, memory_mib={"predictor": 600.0 + s.at_s / 20}) for s in SOUND]
    assert [what for what, holds in judged(grown).items() if not holds] == ["memory of each process within 5%"]
    assert steadiness([s.at_s for s in grown], [s.memory_mib["predictor"] for s in grown])["trend_per_hour"] > 0.2


def test_an_answer_that_never_came_is_found() -> None:
    assert not judged(SOUND, answers=99)["everything answered"]


def test_a_topic_that_nothing_is_let_go_of_is_found() -> None:
    endless = [replace(s, topics_mib={"requests": s.at_s / 10}) for s in SOUND]
    assert not judged(endless)["retained topics within retention"]
    assert retained_bounds_mib(SOUND)["requests"] > 0.1 * RETENTION_MIN * 60


def test_lag_that_grows_is_found() -> None:
    behind = [replace(s, lag={"predictor": int(s.at_s * 100)}) for s in SOUND]
    assert not judged(behind)["lag does not grow"]


def test_minutes_hold_their_greatest_p99() -> None:
    samples = [replace(s, latency_ms=(5, 20 + s.at_s, 10)) for s in SOUND[:24]]
    assert [(m["answers"], m["p99_ms"]) for m in by_minute(samples)] == [(120, 75.0), (120, 135.0)]


def test_pipeline_of_the_soak_is_one() -> None:
    assert parse_pipeline(PIPELINE, "soak.yaml").topics.retention == RETENTION_MIN * 60_000


def test_page_is_what_the_report_says() -> None:
    report = json.loads((CLONE / "benchmarks" / "results" / "soak.json").read_text(encoding="utf-8"))
    assert (CLONE / "docs" / "soak.md").read_text(encoding="utf-8") == page(report), (
        "run `make soak`, commit what it wrote"
    )


def test_a_mistake_is_told_before_anything_is_started(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--minutes", "many"])
    assert ended.value.code == 2
    assert "many" in capsys.readouterr().err
