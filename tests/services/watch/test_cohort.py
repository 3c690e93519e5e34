"""Whatever the order in which topics are read, the bounds are those of the answers seen and their labels."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from adapters.memory_broker import MemoryBroker
from schemas.records import Records
from services.watch.figures import Figures
from services.watch.screen import render
from tests.stream_jobs.label_join.traffic import EXAMPLES, PREDICTIONS, Answer, Label, Progress, joined, small_contracts

CONTRACTS = small_contracts(on_timeout="default", default=1)
HOUR = 3_600_000.0


def loop(rows: int) -> MemoryBroker:
    """Answers of which every other one gets its label, and of the others half the default; the last are unlabelled."""
    answers = [Answer(f"r{i}", HOUR + i) for i in range(rows)]
    labels = [Label(f"r{i}", HOUR + i + 50, i % 4 / 2) for i in range(0, rows, 2)]
    return joined(CONTRACTS, [*answers, *labels, Progress(HOUR + rows / 2 + 100)])


def pieces(broker: MemoryBroker, topic: str, cut: int, first: int = 0) -> Iterator[Records]:
    """What stands in a topic, in two reads."""
    end = broker.end((topic, 0))
    for start, stop in ((first, max(first, cut)), (max(first, cut), end)):
        if stop > start:
            yield broker.read(topic, [(0, start, min(stop, end))])


@settings(max_examples=20, deadline=None)
@given(cut=st.integers(0, 40), random=st.randoms(use_true_random=False))
def test_the_view_is_the_same_in_any_order(cut: int, random: Random) -> None:
    broker = loop(40)
    topics = [list(pieces(broker, PREDICTIONS, cut)), list(pieces(broker, EXAMPLES, cut))]
    figures = Figures(CONTRACTS)
    while waiting := [topic for topic in topics if topic]:
        figures.see(random.choice(waiting).pop(0), 0.0)
    view = figures.view(0.0)
    assert (view.examples, view.answers) == (30, 40)
    assert view.coverage == 0.75
    assert view.defaulted == pytest.approx(1 / 3)
    accuracy = view.whole["accuracy"]
    # All answers are 0.5, so that 0 is what they chose: of 20 labels 10 are 0, all 10 defaults are 1.
    assert accuracy.as_dict() == pytest.approx(
        {"labelled": 10 / 30, "worst": 10 / 40, "best": 20 / 40, "at_random": 10 / 30}
    )
    assert (view.label_delay_p50_ms, view.label_delay_p99_ms) == (50, 50)


def test_labels_of_answers_that_retention_took_are_left_out() -> None:
    broker, figures = loop(40), Figures(CONTRACTS)
    for records in (*pieces(broker, PREDICTIONS, 0, first=20), *pieces(broker, EXAMPLES, 0)):
        figures.see(records, 0.0)
    accuracy = figures.view(0.0).whole["accuracy"]
    # Answers 20 … 39: 10 labels, of which 5 are 0; no default, as these were still waited for.
    assert accuracy.as_dict() == pytest.approx({"labelled": 0.5, "worst": 0.25, "best": 0.75, "at_random": 0.5})


def test_a_person_sees_them() -> None:
    broker, figures = loop(40), Figures(CONTRACTS)
    for records in (*pieces(broker, PREDICTIONS, 0), *pieces(broker, EXAMPLES, 0)):
        figures.see(records, 0.0)
    console = Console(width=160)
    with console.capture() as shown:
        console.print(render("t", figures.view(0.0)))
    text = shown.get()
    assert "0.250 at worst   0.500 at best   0.333 if missing at random   0.333 of the labelled" in text
    assert "coverage 75.0%   defaults 33.3%" in text
    assert np.isfinite(figures.view(0.0).label_delay_p90_ms)
