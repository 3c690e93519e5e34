"""What a trace says of each request, all together, is what the join's books and the learner's fold say."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.partitioner import partition_of
from schemas.errors import DataError
from schemas.examples import read_log
from schemas.records import Records
from schemas.status import Status
from services.trace.story import Story
from tests.services.trace.world import BATCH, World, traced_contracts
from tests.stream_jobs.label_join.traffic import Answer, Label, books, encode_labels

IDS = [f"r{i}" for i in range(24)]
JOINS: list[dict[str, object]] = [{}, {"on_timeout": "default", "default": 0.0}, {"conflict": "latest", "settle": 20}]


def traffic(world: World, seed: int, share: float = 0.5) -> None:
    """Three turns of answers and labels in no good order: twice, never, early, late, contradicting, refused."""
    random = np.random.default_rng(seed)
    asked = {id_: float(random.integers(0, 300)) for id_ in IDS[:-2]}
    for turn in range(3):
        answered = [id_ for id_ in asked if random.random() < share]
        statuses = random.choice([Status.OK, Status.PRIOR, Status.REJECTED], len(answered), p=[0.8, 0.1, 0.1])
        world.answer([Answer(i, asked[i], Status(s)) for i, s in zip(answered, statuses.tolist(), strict=True)])
        labelled = [id_ for id_ in IDS if random.random() < share]
        time = [asked.get(i, 50.0) + float(random.integers(-20, 120)) for i in labelled]
        values = random.integers(0, 2, len(labelled)).tolist()
        world.label([Label(*row) for row in zip(labelled, time, map(float, values), strict=True)])
        if turn == 1:
            world.broker.send(world.topic("examples"), [b"rubbish", None])
        world.join()
    world.learn()


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), join=st.sampled_from(JOINS))
def test_the_fates_of_all_add_up_to_the_books(seed: int, join: dict[str, object]) -> None:
    world = World(traced_contracts(**join))
    traffic(world, seed)
    waits, fares = Counter[str](), Counter[str]()
    for story in stories(world):
        waits.update(answer.waiting for answer in story.answers)
        fares.update(label.fate for label in story.labels)
    book = sum((Counter(books(world.contracts, world.broker, p)) for p in range(2)), Counter[str]())
    for outcome in ("joined", "defaulted", "timed_out", "no_prediction"):
        assert waits[outcome] == book[f"answers_{outcome}"], outcome
    assert waits["pending"] == book["answers_held"]
    assert waits["dead_letter"] == book["answers_duplicate"]
    assert (fares["joined"], fares["held"]) == (book["labels_joined"], book["labels_held"])
    buried = ("unknown_request", "early", "late", "duplicate", "contradictory", "no_prediction")
    assert fares["dead_letter"] == sum(book[f"labels_{name}"] for name in buried)
    assert waits["unread"] == fares["unread"] == 0


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_batches_and_versions_are_those_of_a_plain_fold(seed: int) -> None:
    world = World(traced_contracts(wait=1000))
    traffic(world, seed, share=0.9)
    good = good_offsets(world)
    assert world.candidates, "or there is nothing to see"
    seen = 0
    for example in (example for story in stories(world) for example in story.examples):
        seen += 1
        place = good.index(example.place.offset)
        assert example.batch is not None
        assert (example.batch.example, example.batch.number) == (place + 1, place // BATCH + 1)
        first = place - place % BATCH
        assert [*example.batch.offsets] == good[first : first + BATCH]
        assert example.batch.missing == BATCH - len(example.batch.offsets)
        shaped = [c.number for c in world.candidates if c.examples > place]
        if shaped:
            assert example.shaped is not None
            assert (example.shaped.first, example.shaped.after) == (shaped[0], len(shaped) - 1)
        else:
            assert example.shaped is None
    assert seen == len(good)


def stories(world: World) -> list[Story]:
    """Of all requests that anybody knows."""
    known = []
    for id_ in IDS:
        with suppress(DataError):
            known.append(world.trace(id_))
    return known


def good_offsets(world: World) -> list[int]:
    values = [stored.value for stored in world.broker.records(world.topic("examples"))]
    zeros, nothing = np.zeros(len(values), np.int64), [None] * len(values)
    offsets = np.arange(len(values))
    records = Records("e", zeros.astype(np.int32), offsets, zeros, nothing, values, [()] * len(values))
    found: list[int] = read_log(world.contracts, records)[0].offset_B.tolist()
    return found


def test_a_story_from_request_to_version() -> None:
    world = World()
    world.ask("r0", 1000.0, who="JFK", size=2.5)
    world.answer([Answer(f"r{i}", 1000.0 + i) for i in range(10)])
    world.label([Label(f"r{i}", 1050.0 + i) for i in range(10)])
    world.join()
    world.learn()
    story = world.trace("r0")
    (request,), (answer,), (label,), (example,) = story.requests, story.answers, story.labels, story.examples
    assert (request.time, request.fields) == (1000.0, {"who": "JFK", "size": 2.5})
    assert [(f.name, f.text, f.window) for f in answer.features] == [("who", "JFK", None), ("size", None, None)]
    assert (answer.waiting, answer.until) == ("joined", None)
    assert (label.fate, label.value, label.delay_ms) == ("joined", 1.0, 50.0)
    assert (example.answer, example.label_offset) == (answer.place.position, label.place.offset)
    assert example.features == (), "the answer has them"
    assert example.shaped is not None
    assert (example.shaped.first, example.shaped.first_published, example.shaped.after) == (1, 1, 0)


def test_an_answer_that_retention_dropped_is_told_from_its_example() -> None:
    world = World()
    world.answer([Answer("a", 1000.0)])
    world.label([Label("a", 1001.0)])
    world.join()
    for role in ("predictions", "labels", "join-changelog"):
        world.broker.create(world.topic(role), 2)
    story = world.trace("a")
    assert not story.answers
    assert [f.name for f in story.examples[0].features] == ["who", "size"]


def test_a_label_sent_to_the_wrong_partition_is_found_there() -> None:
    world = World()
    world.answer([Answer("a", 1000.0)])
    home = partition_of(b"a", 2)
    world.broker.send(world.topic("labels"), encode_labels(world.contracts, [Label("a", 1001.0)]), partition=1 - home)
    world.join()
    story = world.trace("a")
    assert (story.answers[0].waiting, story.labels[0].fate) == ("pending", "held")
    assert (story.answers[0].place.partition, story.labels[0].place.partition) == (home, 1 - home)


def test_ids_within_other_ids_are_others() -> None:
    world = World()
    world.answer([Answer("a1", 1000.0), Answer("a", 1000.0), Answer("aa", 1000.0)])
    assert [s.request_id for s in map(world.trace, ("a", "a1", "aa"))] == ["a", "a1", "aa"]
    assert all(len(world.trace(id_).answers) == 1 for id_ in ("a", "a1", "aa"))


def test_letters_tell_of_it_even_where_it_cannot_be_read() -> None:
    world = World()
    world.ask("r1", 1000.0)
    (value,) = [s.value for s in world.broker.records(world.topic("requests"))]
    assert value is not None
    world.broker.send(world.topic("labels"), [value], [b"r1"])
    world.label([Label("r1", 1000.0)])
    world.join()
    letters = world.trace("r1").letters
    assert [(x.reason, x.source[0]) for x in letters] == [("wrong_record", world.topic("labels"))]


def test_a_letter_that_was_written_back_says_where_and_how_that_went() -> None:
    world = World()
    world.label([Label("a", 1000.0)])
    world.answer([Answer(f"x{i}", 1200.0) for i in range(20)])  # in each partition, so the label waits no longer
    world.join()
    assert [label.fate for label in world.trace("a").labels] == ["dead_letter"]
    world.write_back()
    world.answer([Answer("a", 1001.0)])
    world.join()
    story = world.trace("a")
    assert [label.fate for label in story.labels] == ["dead_letter", "joined"]
    (letter,) = story.letters
    assert (letter.reason, letter.replayed_to) == ("unknown_request", story.labels[1].place.position)


def test_an_id_that_nobody_knows_says_what_was_searched() -> None:
    world = World()
    world.answer([Answer("a", 1000.0)])
    with pytest.raises(DataError, match=r"'b'.*small.predictions.v1 \(1\)"):
        world.trace("b")
