"""What must hold after any run (design section 3), checked from the topics and the store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from adapters.local_stack import StackAddresses
from adapters.model_store_redis import RedisModelStore
from adapters.redis_client import connect
from adapters.tail import Tail
from models.assembly import pipeline_learner
from models.determinism import make_deterministic
from models.snapshot import decode_model
from schemas.commands import Command
from schemas.contracts import Contracts
from schemas.examples import Examples, no_examples, read_whole_log
from schemas.source import SourceEvent
from schemas.status import Status
from schemas.topics import topic_name
from services.cli.verify import relearning
from services.learner.core import step
from services.learner.effects import Candidate
from services.learner.plan import plan_of
from services.learner.state import first_state
from services.verify.main import verify
from services.verify.report import Report
from tests.stream_jobs.feature_windows.window_reference import Event, reference_vector
from tests.system.running import Run

NO_MODEL = bytes(32)


def check_answered_once(run: Run) -> None:
    """I1, I2: as many answers as requests, no id twice."""
    ids = run.outcome.predictions["request_id"]
    assert len(ids) == len(np.unique(ids)), "a request was answered twice"
    assert len(ids) == run.tally.requests
    assert run.tally.repeated == 0


def check_labels_accounted(run: Run) -> None:
    """I2: every label is joined once or stands in dead-letters with its reason."""
    ids = run.outcome.examples["request_id"]
    assert len(ids) == len(np.unique(ids)), "a label was joined twice"
    letters = run.outcome.dead_letters.get("topic", np.array([], np.bytes_))
    labels = topic_name(run.contracts.pipeline.pipeline, "labels").encode()
    assert len(ids) + int((letters == labels).sum()) == run.tally.labels
    check_served_vectors_are_learned(run)


def check_served_vectors_are_learned(run: Run) -> None:
    """Section 4.1: the example carries vector, output and version as they were served."""
    served = {bytes(i): row for row, i in enumerate(run.outcome.predictions["request_id"])}
    rows = np.array([served[bytes(i)] for i in run.outcome.examples["request_id"]])
    for name in ("features", "output", "version", "digest", "request_time"):
        ours, theirs = run.outcome.examples[name], run.outcome.predictions[name][rows]
        assert ours.tobytes() == theirs.tobytes(), name


def check_versions(run: Run, stack: StackAddresses) -> None:
    """I4, I5: numbers rise by one, every digest answered with is held, and its answers come out again."""
    versions = run.outcome.versions
    numbers = versions["number"].tolist()
    assert numbers == list(range(1, len(numbers) + 1)), "a number was skipped, repeated or went back"
    known = {n: d.decode() for n, d in zip(numbers, versions["digest"].tolist(), strict=True)}
    blobs = dict(zip(numbers, versions["artefact"].tolist(), strict=True))
    for number, blob in blobs.items():
        assert hashlib.sha256(blob).hexdigest() == known[number]
    store = RedisModelStore(connect(stack.redis_url), run.contracts.pipeline.pipeline)
    pointer = store.current()
    assert pointer is not None
    assert (pointer.number, pointer.digest) == (numbers[-1], known[numbers[-1]])
    predictions = run.outcome.predictions
    predicted = predictions["status"] <= Status.PRIOR
    for number in np.unique(predictions["version"][predicted]).tolist():
        rows = np.flatnonzero(predicted & (predictions["version"] == number))
        digests = {bytes(d) for d in predictions["digest"][rows]}
        if number == 0:
            assert digests == {NO_MODEL}
            assert set(predictions["status"][rows].tolist()) == {Status.PRIOR}
            continue
        assert {d.hex() for d in digests} == {known[number]}
        kept = number > numbers[-1] - run.contracts.pipeline.learner.keep_versions
        blob = store.get(known[number]) if kept else blobs[number]
        again = decode_model(blob).predict_many(np.stack(list(predictions["features"][rows])))
        assert np.abs(again - np.stack(list(predictions["output"][rows]))).max() <= 1e-6


def check_learner(run: Run) -> None:
    """I3: the same log, learned without Kafka and without disturbance, ends in the same digests."""
    make_deterministic()
    plan, learner = plan_of(run.contracts.pipeline), pipeline_learner(run.contracts.pipeline)
    examples, commands = log_of(run)
    _, effects = step(plan, first_state(plan, learner), examples, commands, Held(examples))
    candidates = [e for e in effects if isinstance(e, Candidate)]
    assert candidates
    versions = run.outcome.versions
    assert [d.decode() for d in versions["digest"].tolist()] == [c.digest for c in candidates]
    assert [s.decode() for s in versions["scores"].tolist()] == [c.scores for c in candidates], "prequential figures"


@dataclass(frozen=True, slots=True)
class Held:
    """A log that is held in memory, for what is learned again of it."""

    examples: Examples

    def between(self, first: int, end: int) -> Iterator[Examples]:
        offset_B = self.examples.offset_B
        yield self.examples[np.flatnonzero((offset_B >= first) & (offset_B < end))]


def log_of(run: Run) -> tuple[Examples, tuple[Command, ...]]:
    """The examples log, as the learner reads it."""
    found, commands = no_examples(run.contracts.layout), tuple[Command, ...]()
    with Tail(run.bootstrap, [topic_name(run.contracts.pipeline.pipeline, "examples")]) as tail:
        while not tail.is_at_end:
            for records in tail.read(timeout_s=0.5):
                examples, told, faults = read_whole_log(run.contracts, records)
                assert not faults
                found, commands = found.followed_by(examples), (*commands, *told)
    return found, commands


def check_verified(run: Run, stack: StackAddresses, again: bool = True) -> None:
    """I1 to I5 and I8: what `anabranch verify` says."""
    report = verified(run.contracts, stack, again)
    assert report.holds, str(report)


def verified(contracts: Contracts, stack: StackAddresses, again: bool = False) -> Report:
    """Verify a pipeline, whether it runs or not."""
    with closing(connect(stack.redis_url)) as client:
        store = RedisModelStore(client, contracts.pipeline.pipeline)
        learned = relearning(contracts, stack.bootstrap) if again else None
        return verify(contracts, stack.bootstrap, store, learned)


def vectors(run: Run) -> dict[bytes, bytes]:
    """The vector as served of each request, to the bit."""
    predictions = run.outcome.predictions
    return {bytes(i): row.tobytes() for i, row in zip(predictions["request_id"], predictions["features"], strict=True)}


def check_vectors_against_a_plain_computation(run: Run, stream: Sequence[SourceEvent], sample: int) -> None:
    """I9: the windows served are those that a plain computation finds in the events, to the bit."""
    layout, pipeline = run.contracts.layout, run.contracts.pipeline
    history = [Event(e.record, float(e.time_ms), _as_sent(e.fields)) for e in stream if e.kind == "feature"]
    requests = [e for e in stream if e.kind == "request"]
    served = vectors(run)
    chosen = np.random.default_rng(1).choice(len(requests), min(sample, len(requests)), replace=False)
    for request in (requests[i] for i in chosen):
        text = {name: str(value) for name, value in request.fields.items() if isinstance(value, str)}
        past = [e for e in history if e.time < request.time_ms]
        plain = reference_vector(pipeline, layout, past, float(request.time_ms), text)
        windows = np.frombuffer(served[request.id.encode()], np.float32)[len(layout.request) :]
        np.testing.assert_array_equal(windows, plain, err_msg=request.id)


def _as_sent(fields: Mapping[str, float | str]) -> dict[str, float | str]:
    """Numbers as a float32 on the wire carries them."""
    return {name: value if isinstance(value, str) else float(np.float32(value)) for name, value in fields.items()}
