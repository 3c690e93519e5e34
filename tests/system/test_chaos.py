"""Whatever is killed, frozen, doubled or refused the disk: nothing is lost, nothing is doubled, and it comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters import local_stack
from adapters.local_stack import ANY, StackOptions
from tests.conftest import JARS
from tests.system.chaos.judgement import check_trial, kept_vectors
from tests.system.chaos.schedule import KILLS, answers_needed, schedule
from tests.system.chaos.trial import Ground, Trial, run_trial
from tests.system.running import Run

SEED, ANSWERS = 23, 2400
"""Of the seeds, one whose few disturbances are of every kind."""
PLAN = schedule(SEED, kills=10, others=5, answers=ANSWERS)
ROWS = max(ANSWERS, answers_needed(PLAN))
LEAVERS = ("succeed", "twins", "full_disk")


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Servers of these tests' own: they are killed."""
    home, options = tmp_path_factory.mktemp("ground"), StackOptions(ports=ANY, jars=JARS)
    try:
        yield Ground(home, options, local_stack.up(home, options=options))
    finally:
        local_stack.down(home)


@pytest.fixture(scope="module")
def calm(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_trial(ground, tmp_path_factory.mktemp("calm"), "chaos-calm", ROWS, ()).run


@pytest.fixture(scope="module")
def chaos(ground: Ground, calm: Run, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return run_trial(ground, tmp_path_factory.mktemp("chaos"), "chaos", ROWS, PLAN, print)


@pytest.mark.timeout(900)
def test_everything_happened_and_was_got_over(chaos: Trial) -> None:
    kinds = {suffered.disturbance.name for suffered in chaos.suffered}
    assert {f"{kind} {target}" for kind, target in KILLS} <= kinds
    assert sum(suffered.disturbance.kind == "kill" for suffered in chaos.suffered) >= 10
    assert {s.disturbance.kind for s in chaos.suffered} == {"kill", "freeze", "succeed", "twins", "full_disk"}
    assert len(chaos.suffered) == len(PLAN)


@pytest.mark.timeout(900)
def test_who_had_to_leave_said_why(chaos: Trial) -> None:
    leavers = [s for s in chaos.suffered if s.disturbance.kind in LEAVERS]
    assert leavers
    assert [s for s in leavers if s.recovered.exit_code in (None, 0) or not s.recovered.said] == []


@pytest.mark.timeout(900)
def test_nothing_was_lost_or_doubled_and_the_same_was_learned(chaos: Trial, ground: Ground) -> None:
    check_trial(chaos.run, ground.addresses)


@pytest.mark.timeout(900)
def test_answers_that_say_ok_stood_on_the_vectors_of_a_calm_run(chaos: Trial, calm: Run) -> None:
    ours, theirs = kept_vectors(chaos.run), kept_vectors(calm)
    assert len(ours) > ROWS // 3
    assert [i for i in ours.keys() & theirs.keys() if ours[i] != theirs[i]] == []
