"""A flood of malformed events beside good traffic: each has its end, memory stays, the good traffic is as without."""

from __future__ import annotations

from collections import Counter

import pytest

from adapters.local_stack import StackAddresses
from schemas.contracts import contracts_of
from schemas.dead_letters import REASONS
from schemas.pipeline_file import parse_pipeline
from tests.system.flood.events import Flood
from tests.system.flood.kinds import kinds
from tests.system.flood.run import Flooded, Plan, run_with_flood
from tests.system.streams import strict_text

ROWS, EVENTS = 1000, 8_000
GROWTH_MIB = 64
"""Less than what so many events and their dead letters take: whoever kept them would be found."""

_ELSEWHERE = {
    *("bad_enum", "bad_vector", "unusable"),
    *("early_label", "late_event", "duplicate_answer", "duplicate_request", "missing_value"),
}


@pytest.fixture(scope="module")
def clean(stack: StackAddresses, tmp_path_factory: pytest.TempPathFactory) -> Flooded:
    return run_with_flood(stack, tmp_path_factory.mktemp("clean"), "no-flood", Plan(ROWS))


@pytest.fixture(scope="module")
def flooded(stack: StackAddresses, tmp_path_factory: pytest.TempPathFactory) -> Flooded:
    return run_with_flood(stack, tmp_path_factory.mktemp("flooded"), "flood", Plan(ROWS, EVENTS))


def test_a_flood_is_a_function_of_its_seed_and_has_every_kind() -> None:
    contracts = contracts_of(parse_pipeline(strict_text("flood"), "flood.yaml"))
    one, same, other = Flood(contracts, 1), Flood(contracts, 1), Flood(contracts, 2)
    assert one.chunk(3) == same.chunk(3)
    assert one.chunk(3) != other.chunk(3)
    assert one.chunk(3) != one.chunk(4)
    assert len({kind.name for kind in kinds()}) >= 20
    assert sum(one.account(0).values()) >= len(one.chunk(0)) >= len(kinds())
    reasons = {outcome for _, outcome in one.account(0)} & REASONS.keys()
    # The rest are counted under other names here, or cannot come from an application's bytes.
    assert REASONS.keys() - reasons <= _ELSEWHERE


def test_every_event_is_accounted_for_to_the_unit(flooded: Flooded) -> None:
    assert flooded.sent >= EVENTS
    expected = Counter({at: n for at, n in flooded.expected.items() if at[1] != "no effect"})
    found = Counter({at: n for at, n in flooded.found.account.items() if n})
    assert found == expected, {at: (found[at], expected[at]) for at in found | expected if found[at] != expected[at]}


def test_good_traffic_gets_what_it_gets_without_the_flood(clean: Flooded, flooded: Flooded) -> None:
    assert len(clean.found.answers) == ROWS
    assert flooded.found.answers == clean.found.answers
    assert flooded.found.examples == clean.found.examples
    assert flooded.found.answered_twice == clean.found.answered_twice == 0


def test_memory_does_not_follow_the_flood(flooded: Flooded) -> None:
    assert flooded.growth_mib.keys() == {"feature_windows", "label_join", "predictor", "learner"}
    assert max(flooded.growth_mib.values()) < GROWTH_MIB, flooded.growth_mib
