"""A small loop in memory: requests and answers as given, the real join and learning, and a trace over its topics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from adapters.dlq_memory import DoorKeeper, MemoryLetterLog, MemoryReplayDoor
from adapters.learner_log_memory import MemoryPartitionLog, MemoryTopics
from adapters.log_search_memory import MemoryLogSearch
from adapters.memory_broker import MemoryBroker
from adapters.memory_loop import run_job_in_memory
from schemas.contracts import Contracts, contracts_of
from schemas.pipeline import Pipeline
from schemas.topics import Role, topic_name
from schemas.versions import encode_version
from services.dlq.core_replay import rules_of
from services.dlq.core_select import Selection
from services.dlq.reading import LetterReader
from services.dlq.replaying import replay
from services.learner.effects import Candidate
from services.learner.relearn import relearn
from services.trace.main import trace
from services.trace.story import Story
from stream_jobs.label_join.job import LabelJoin
from tests.stream_jobs.label_join.traffic import Answer, Label, broker_of, encode_answers, encode_labels

BATCH, CADENCE = 4, 8


def traced_contracts(**join: object) -> Contracts:
    return contracts_of(
        Pipeline.model_validate(
            {
                "pipeline": "small",
                "topics": {"partitions": 2},
                "request": {
                    "entity": "who",
                    "fields": {"who": {"type": "category"}, "size": {"type": "number", "range": [0, 8]}},
                },
                "target": {"type": "binary"},
                "join": {"wait": 100, "early": 10, "remember": 100_000, **join},
                "model": {"kind": "river_logistic_regression"},
                "learner": {"batch": BATCH, "cadence": CADENCE, "score_window": 10},
            }
        )
    )


@dataclass
class World:
    contracts: Contracts = field(default_factory=traced_contracts)

    def __post_init__(self) -> None:
        self.broker: MemoryBroker = broker_of(self.contracts)
        self.candidates: list[Candidate] = []

    def topic(self, role: Role) -> str:
        return topic_name(self.contracts.pipeline.pipeline, role)

    def ask(self, id_: str, time: float, who: str = "e", size: float = 1.0) -> None:
        columns = {"request_time": [time], "who": [who.encode()], "size": [size], "request_id": [id_.encode()]}
        values = self.contracts.codec("Request").encode({n: np.array(c) for n, c in columns.items()})
        self.broker.send(self.topic("requests"), values, [who.encode()])

    def answer(self, answers: Sequence[Answer]) -> None:
        values = encode_answers(self.contracts, answers)
        self.broker.send(self.topic("predictions"), values, [a.id.encode() for a in answers])

    def label(self, labels: Sequence[Label]) -> None:
        self.broker.send(self.topic("labels"), encode_labels(self.contracts, labels), [x.id.encode() for x in labels])

    def join(self) -> None:
        run_job_in_memory(LabelJoin(self.contracts), self.broker)

    def learn(self) -> None:
        """Announce the versions that the log makes."""
        log = MemoryTopics()
        log.append(*(stored.value for stored in self.broker.records(self.topic("examples"))))
        self.candidates = list(relearn(self.contracts, MemoryPartitionLog(log)))
        for candidate in self.candidates:
            record = encode_version(self.contracts, candidate.fields(0, 1.7e12), candidate.blob)
            self.broker.append(record)

    def write_back(self) -> None:
        """Replay all dead letters."""
        letters = LetterReader(
            self.contracts, MemoryLetterLog(self.broker, self.topic("dead-letters")), lambda *_: None
        )
        rules = rules_of(self.contracts, again=False)
        door = MemoryReplayDoor(self.broker, DoorKeeper())
        replay(self.contracts, rules, letters.letters(Selection()), door, lambda: 1.0)

    def trace(self, id_: str) -> Story:
        return trace(self.contracts, MemoryLogSearch(self.broker), id_)
