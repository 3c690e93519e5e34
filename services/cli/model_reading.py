"""Reading what `anabranch models` shows and checks: the versions topic, the model store, recent answers."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Set
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from adapters.local_stack import find_stack
from adapters.model_store_redis import RedisModelStore
from adapters.partition_log_kafka import KafkaPartitionLog
from adapters.ports import ModelStore
from adapters.publisher import partition_count
from adapters.redis_client import connect
from models.snapshot import decode_model
from schemas.contracts import Contracts
from schemas.decoded import Columns
from schemas.errors import DataError
from schemas.topics import Role, topic_name
from schemas.versions import is_thinned
from services.cli.model_checks import (
    Finding,
    check_digests,
    check_numbers,
    check_pointer,
    check_recomputed,
    worst_difference,
)
from services.cli.pipeline_reading import read_contracts
from services.cli.surroundings import read_settings

_AT_ONCE: Final = 1024
_WAIT_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class AnnouncedVersion:
    """A version as the topic has it: its manifest, and its artefact unless it was refused or thinned.

    `again`: the record stands for a version that was announced before, now without its artefact.
    """

    manifest: dict[str, Any]
    artefact: bytes
    again: bool = False

    @property
    def number(self) -> int:
        """Version number."""
        return int(self.manifest["number"])


class ModelReader:
    """Reads one pipeline's models. Every method blocks on Kafka or Redis and may raise `DependencyError`.

    Parameters
    ----------
    contracts : Contracts
        Of the pipeline.
    bootstrap : str
        Kafka servers.
    store : ModelStore
        Of the same pipeline.
    """

    def __init__(self, contracts: Contracts, bootstrap: str, store: ModelStore) -> None:
        self.contracts, self._bootstrap, self._store = contracts, bootstrap, store

    def topic(self, role: Role) -> str:
        """Full name of a topic."""
        return topic_name(self.contracts.pipeline.pipeline, role)

    def examples(self) -> KafkaPartitionLog:
        """The log that versions are made of; to be closed by the caller."""
        return KafkaPartitionLog(self._bootstrap, self.topic("examples"), 0)

    def manifests(self) -> dict[int, dict[str, Any]]:
        """All announced versions, by rising number; no artefact is kept."""
        return dict(sorted({v.number: v.manifest for v in self._records()}.items()))

    def stored(self) -> dict[int, dict[str, Any]]:
        """Manifests of the versions that the store holds, by number."""
        texts = {number: self._store.manifest(number) for number in self._store.numbers()}
        return {number: json.loads(text) for number, text in texts.items() if text is not None}

    def verify(self, most_rows: int) -> list[Finding]:
        """Check all that must be true; `most_rows` recent answers of each partition are computed again."""
        records = list(self._records())
        announced = list({v.number: v for v in records}.values())
        stored = {number: str(manifest["digest"]) for number, manifest in self.stored().items()}
        published = {v.number: str(v.manifest["digest"]) for v in announced if v.manifest["published"]}
        artefacts = {str(v.manifest["digest"]): v.artefact for v in announced if v.artefact}
        return [
            check_numbers([v.number for v in records if not v.again]),
            check_pointer(self._store.current(), published),
            check_digests(stored, published),
            self._check_blobs(stored),
            self._check_answers(artefacts, frozenset(published.values()), most_rows),
        ]

    def _check_blobs(self, stored: dict[int, str]) -> Finding:
        wrong = []
        for number, digest in stored.items():
            try:
                decode_model(self._store.get(digest))
            except DataError as error:
                wrong.append(f"version {number}: {error.what}")
        return Finding("blobs are whole", not wrong, " ".join(wrong) or f"{len(stored)} blobs read")

    def _check_answers(self, artefacts: dict[str, bytes], announced: Set[str], most_rows: int) -> Finding:
        """Answers of versions that the topic has thinned are left out: `anabranch models rebuild` proves those."""
        rows, differences, missing = 0, dict[int, float](), set[int]()
        for (number, digest), (x_BF, output_BK) in self._answers(most_rows).items():
            if (blob := artefacts.get(digest)) is not None:
                rows += len(x_BF)
                differences[number] = worst_difference(decode_model(blob), x_BF, output_BK)
            elif digest not in announced:
                missing.add(number)
        if missing:
            what = f"answers name models that were never announced: versions {sorted(missing)}"
            return Finding("answers come out again", False, what)
        return check_recomputed(differences, rows)

    def _records(self) -> Iterator[AnnouncedVersion]:
        """Records of the versions topic, in its order."""
        for columns in self._columns("versions", "Version"):
            again_B = is_thinned(columns)
            yield from (_announced(columns, row, bool(again_B[row])) for row in _rows(columns))

    def _answers(self, most_rows: int) -> dict[tuple[int, str], tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Vectors and outputs of the newest answers, by version and digest; those from the prior left out."""
        found: defaultdict[tuple[int, str], list[tuple[Any, Any]]] = defaultdict(list)
        for columns in self._columns("predictions", "Prediction", most_rows):
            for row in _rows(columns):
                if columns["version"][row] and len(columns["output"][row]):
                    digest = columns["digest"][row].tobytes().hex()
                    found[int(columns["version"][row]), digest].append(
                        (columns["features"][row], columns["output"][row])
                    )
        return {key: (np.stack([x for x, _ in pairs]), np.stack([y for _, y in pairs])) for key, pairs in found.items()}

    def _columns(self, role: Role, record: str, newest: int | None = None) -> Iterator[Columns]:
        topic = self.topic(role)
        for partition in range(partition_count(self._bootstrap, topic)):
            with closing(KafkaPartitionLog(self._bootstrap, topic, partition)) as log:
                end = log.end()
                log.seek(end.first if newest is None else max(end.first, end.next - newest))
                yield from self._decoded(log, record)

    def _decoded(self, log: KafkaPartitionLog, record: str) -> Iterator[Columns]:
        while not log.is_at_end:
            part = self.contracts.decode(log.read(_AT_ONCE, _WAIT_S).values, (record,)).part(record)
            if part is not None:
                yield part.columns


@contextmanager
def open_models(
    file: Path, home: Path | None, bootstrap: str | None, redis: str | None
) -> Iterator[tuple[ModelReader, RedisModelStore]]:
    """Find a pipeline's models and its store, by what a command was given. Raises as its parts do."""
    settings = read_settings(home=home, bootstrap=bootstrap, redis=redis)
    contracts = read_contracts(file, settings.registry)
    addresses = find_stack(settings.home, settings.bootstrap, settings.redis)
    with closing(connect(addresses.redis_url)) as client:
        store = RedisModelStore(client, contracts.pipeline.pipeline)
        yield ModelReader(contracts, addresses.bootstrap, store), store


def _rows(columns: Columns) -> range:
    return range(len(next(iter(columns.values()))))


def _announced(columns: Columns, row: int, again: bool) -> AnnouncedVersion:
    fields = {name: column[row] for name, column in columns.items()}
    artefact = bytes(fields.pop("artefact"))
    manifest = {n: v.decode() if isinstance(v, bytes) else v.item() for n, v in fields.items()}
    return AnnouncedVersion(manifest, artefact, again)
