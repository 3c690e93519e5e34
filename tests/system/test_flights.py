"""The whole loop on real Kafka, real Redis and real flights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from adapters.local_stack import StackAddresses
from pipelines.flights import events
from services.cli.session import Session
from services.verify.report import Report
from tests.system.laws import (
    check_answered_once,
    check_labels_accounted,
    check_learner,
    check_vectors_against_a_plain_computation,
    check_verified,
    check_versions,
    vectors,
    verified,
)
from tests.system.running import PROCESSES, Plan, Run, flights_text, run_loop

DAYS = 2.0
SLOW = 2 * 86_400 / 12
"""Event time per wall time at which the two days take twelve seconds."""


@pytest.fixture(scope="module")
def calm(stack: StackAddresses, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One partition, as fast as the loop follows."""
    return run_loop(stack, tmp_path_factory.mktemp("calm"), flights_text("flights-calm"), events(DAYS))


def test_every_request_is_answered_once_and_every_label_accounted_for(calm: Run) -> None:
    check_answered_once(calm)
    check_labels_accounted(calm)
    assert set(np.unique(calm.outcome.predictions["status"])) <= {0, 3}, "only `ok` and, before a model, `prior`"


def test_versions_rise_and_every_answer_names_one_that_exists(calm: Run, stack: StackAddresses) -> None:
    check_versions(calm, stack)
    assert calm.view.published >= 3
    assert calm.view.swaps >= 2, "versions must be swapped in while it runs"


def test_the_learner_equals_one_without_kafka(calm: Run) -> None:
    check_learner(calm)


def test_verify_finds_all_in_order(calm: Run, stack: StackAddresses) -> None:
    check_verified(calm, stack)


def test_the_windows_served_equal_a_plain_computation(calm: Run) -> None:
    check_vectors_against_a_plain_computation(calm, list(events(DAYS)), sample=150)


def test_vectors_do_not_depend_on_speed_or_partitions(calm: Run, stack: StackAddresses, tmp_path: Path) -> None:
    reports: list[Report] = []

    def look(session: Session, answers: int) -> None:
        if answers > 400 * (len(reports) + 1):
            reports.append(verified(session.contracts, stack))

    plan = Plan(speed=SLOW, disturb=look)
    slow = run_loop(stack, tmp_path, flights_text("flights-slow", partitions=4), events(DAYS), plan)
    assert reports
    assert [str(report) for report in reports if not report.holds] == [], "wherever verify cuts the log"
    check_answered_once(slow)
    check_labels_accounted(slow)
    ours, theirs = vectors(calm), vectors(slow)
    assert ours.keys() == theirs.keys()
    assert [i for i in ours if ours[i] != theirs[i]] == []


def test_killing_each_process_loses_nothing_and_doubles_nothing(
    calm: Run, stack: StackAddresses, tmp_path: Path
) -> None:
    at = {name: int(calm.tally.requests * (i + 1) / 6) for i, name in enumerate(PROCESSES)}

    def kill(session: Session, answers: int) -> None:
        for name in [name for name, when in at.items() if answers >= when]:
            del at[name]
            session.supervisor.kill(name)
            session.start(name)

    disturbed = run_loop(stack, tmp_path, flights_text("flights-killed"), events(DAYS), Plan(disturb=kill))
    assert at == {}, "every process was killed"
    check_answered_once(disturbed)
    check_labels_accounted(disturbed)
    check_versions(disturbed, stack)
    check_learner(disturbed)
    check_verified(disturbed, stack, again=False)
    assert vectors(disturbed) == vectors(calm)
