"""Laws of the join over any traffic: how it is cut into batches, and how often the process dies, changes nothing."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory_broker import MemoryBroker
from adapters.memory_loop import run_job_in_memory
from schemas.contracts import Contracts
from schemas.status import Status
from stream_jobs.label_join.job import LabelJoin
from tests.stream_jobs.label_join.traffic import (
    EXAMPLES,
    LABELS,
    SKETCHES,
    Answer,
    Label,
    Progress,
    balanced,
    books,
    broker_of,
    examples,
    letters,
    rows,
    send,
    small_contracts,
)

WAIT, EARLY = 100, 10
ids = st.integers(0, 12).map(str)
statuses = st.sampled_from([Status.OK] * 5 + [Status.PRIOR, Status.REJECTED])
# Answers in order of time, as one predictor writes them; labels in any order.
answers = st.lists(st.builds(Answer, ids, st.integers(0, 400), statuses), max_size=25).map(
    lambda found: sorted(found, key=lambda a: a.time)
)
some_labels = st.builds(Label, ids, st.integers(0, 500), st.sampled_from([0.0, 1.0]), st.sampled_from(["ann", "bob"]))
labels = st.lists(some_labels | some_labels | st.builds(Progress, st.integers(0, 500)), max_size=40)
runs = st.tuples(st.randoms(use_true_random=False), st.integers(1, 12), st.sets(st.integers(0, 30), max_size=6))


def run(
    contracts: Contracts, sent: list[Answer], truth: list[Any], how: tuple[random.Random, int, set[int]]
) -> MemoryBroker:
    broker = send(contracts, broker_of(contracts), sent, truth)
    rng, max_batch, crashes = how
    run_job_in_memory(LabelJoin(contracts), broker, rng=rng, max_batch=max_batch, crashes=crashes)
    return broker


def pairs(contracts: Contracts, broker: MemoryBroker) -> Counter[tuple[int, int]]:
    return Counter((int(e["prediction_offset"]), int(e["label_offset"])) for e in examples(contracts, broker))


def buried(contracts: Contracts, broker: MemoryBroker) -> Counter[tuple[str, int]]:
    return Counter((x["topic"].decode(), int(x["offset"])) for x in letters(contracts, broker))


@dataclass
class Oracle:
    """The rule applied to one label after another, with all answers known beforehand."""

    sent: list[Answer]
    truth: list[Label | Progress]

    def pairs(self) -> Counter[tuple[int, int]]:
        first: dict[str, int] = {}
        for offset, answer in enumerate(self.sent):
            first.setdefault(answer.id, offset)
        found: dict[int, int] = {}
        watermark = float("-inf")
        for offset, label in enumerate(self.truth):
            place = first.get(label.id) if isinstance(label, Label) else None
            if place is not None and place not in found and self._fits(self.sent[place], label.time, watermark):
                found[place] = offset
            watermark = max(watermark, label.time)
        return Counter(found.items())

    @staticmethod
    def _fits(answer: Answer, time: float, watermark: float) -> bool:
        after = time - answer.time
        in_time = -EARLY < after < WAIT and watermark < answer.time + WAIT
        return in_time and answer.status <= Status.PRIOR


@settings(max_examples=150, deadline=None)
@given(answers, labels, runs)
def test_the_join_is_that_of_the_rule_whatever_the_batches_and_crashes(
    sent: list[Answer], truth: list[Label | Progress], how: tuple[random.Random, int, set[int]]
) -> None:
    contracts = small_contracts()
    broker = run(contracts, sent, truth, how)
    assert pairs(contracts, broker) == Oracle(sent, truth).pairs()


@settings(max_examples=100, deadline=None)
@given(answers, labels, runs, st.sampled_from(["earliest", "latest", "majority"]), st.sampled_from([0, 15, 500]))
def test_every_row_is_accounted_for_once(
    sent: list[Answer],
    truth: list[Label | Progress],
    how: tuple[random.Random, int, set[int]],
    conflict: str,
    settle: int,
) -> None:
    contracts = small_contracts(conflict=conflict, settle=settle, on_timeout="default", default=0)
    broker = run(contracts, sent, truth, how)
    if not sent and not truth:
        return
    counts = books(contracts, broker)
    assert balanced(counts)
    given_labels = {offset for offset, label in enumerate(truth) if isinstance(label, Label)}
    assert (counts["labels_in"], counts["answers_in"]) == (len(given_labels), len(sent))
    joined = [label for _, label in pairs(contracts, broker).elements() if label >= 0]
    dead = [offset for topic, offset in buried(contracts, broker).elements() if topic == LABELS]
    held = {int(key.split(b"/")[1]) for key in broker.latest("small.join-changelog.v1", 0) if key.startswith(b"label/")}
    assert sorted([*joined, *dead, *held]) == sorted(given_labels)
    answered = [answer for answer, _ in pairs(contracts, broker).elements()]
    assert len(answered) == len(set(answered)) == counts["answers_joined"] + counts["answers_defaulted"]


@settings(max_examples=100, deadline=None)
@given(answers, labels, runs, st.sampled_from(["latest", "majority"]), st.sampled_from([0, 15, 500]))
def test_policies_that_settle_do_not_depend_on_batches_or_crashes(
    sent: list[Answer],
    truth: list[Label | Progress],
    how: tuple[random.Random, int, set[int]],
    conflict: str,
    settle: int,
) -> None:
    contracts = small_contracts(conflict=conflict, settle=settle)
    whole = run(contracts, sent, truth, (random.Random(0), 1000, set()))
    parts = run(contracts, sent, truth, how)
    assert pairs(contracts, parts) == pairs(contracts, whole)
    assert buried(contracts, parts) == buried(contracts, whole)


FAR = 30 * 86_400_000
wild_times = st.sampled_from([0, 50, 100, FAR, FAR + 50, 40 * FAR])
wild_answers = st.lists(st.builds(Answer, ids, wild_times | st.just(float("nan")), statuses), max_size=25)
wild_labels = st.lists(st.builds(Label, ids, wild_times) | st.builds(Progress, wild_times), max_size=40)


@settings(max_examples=100, deadline=None)
@given(wild_answers, wild_labels, runs)
def test_clocks_that_jump_do_the_same_however_the_input_is_cut(
    sent: list[Answer], truth: list[Label | Progress], how: tuple[random.Random, int, set[int]]
) -> None:
    contracts = small_contracts()
    whole = run(contracts, sent, truth, (random.Random(0), 1000, set()))
    parts = run(contracts, sent, truth, how)
    assert jumps(contracts, parts) == jumps(contracts, whole)
    if sent or truth:
        counts = books(contracts, parts)
        assert balanced(counts)
        assert counts["answers_in"] == len(sent)
        assert counts["labels_in"] == sum(isinstance(label, Label) for label in truth)


def jumps(contracts: Contracts, broker: MemoryBroker) -> set[tuple[str, int]]:
    return {(x["topic"], int(x["offset"])) for x in letters(contracts, broker) if x["reason"] == b"clock_jump"}


@settings(max_examples=60, deadline=None)
@given(answers, labels, st.integers(1, 12), st.sets(st.integers(0, 30), max_size=6), st.integers())
def test_with_the_same_batches_a_crash_changes_no_byte(
    sent: list[Answer], truth: list[Label | Progress], size: int, crashes: set[int], seed: int
) -> None:
    contracts = small_contracts(conflict="majority", settle=20, remember=50)
    calm = run(contracts, sent, truth, (random.Random(0), size, set()))
    # Without a generator, the loop fills its batches in an order that depends on their number: crash in place instead.
    broker = send(contracts, broker_of(contracts), sent, truth)
    job = _Forgetful(contracts, broker, crashes)
    run_job_in_memory(job, broker, rng=random.Random(0), max_batch=size)
    for topic in (EXAMPLES, SKETCHES, "small.join-changelog.v1"):
        assert broker.records(topic) == calm.records(topic), topic


class _Forgetful(LabelJoin):
    """Before some of its batches, it restores itself from its changelog."""

    def __init__(self, contracts: Contracts, broker: MemoryBroker, crashes: set[int]) -> None:
        super().__init__(contracts)
        self._broker, self._crashes, self._turn = broker, crashes, 0

    def process(self, batch: Any) -> Any:
        if self._turn in self._crashes and self.changelog:
            self.revoke(0)
            self.assign(0, self._broker.latest(self.changelog, 0).items())
        self._turn += 1
        return super().process(batch)


@settings(max_examples=30, deadline=None)
@given(answers, labels, runs, st.integers(2, 4))
def test_partitions_are_joined_each_on_its_own(
    sent: list[Answer], truth: list[Label | Progress], how: tuple[random.Random, int, set[int]], partitions: int
) -> None:
    contracts = small_contracts(partitions)
    broker = broker_of(contracts)
    expected: Counter[tuple[int, int, int]] = Counter()
    for partition in range(partitions):
        mine = [a for a in sent if int(a.id) % partitions == partition]
        theirs = [x for x in truth if isinstance(x, Progress) or int(x.id) % partitions == partition]
        send(contracts, broker, mine, theirs, partition)
        expected.update((partition, *pair) for pair in Oracle(mine, theirs).pairs())
    rng, max_batch, crashes = how
    run_job_in_memory(LabelJoin(contracts), broker, rng=rng, max_batch=max_batch, crashes=crashes)
    found = examples(contracts, broker)
    assert (
        Counter((int(e["partition"]), int(e["prediction_offset"]), int(e["label_offset"])) for e in found) == expected
    )
    sketches = rows(contracts, "Sketch", [stored.value for stored in broker.records(SKETCHES)])
    assert sum(int(s["rows"]) for s in sketches) == len(found)
