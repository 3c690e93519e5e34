"""What a pipeline has in its stores: the windows' watermark, the current model, the learner's checkpoint."""

from __future__ import annotations

import math
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Final

from adapters.checkpoint_folder import CheckpointFolder
from adapters.feature_store_redis import RedisFeatureStore
from adapters.kafka_facts import KafkaInquiry
from adapters.model_store_redis import RedisModelStore
from adapters.redis_client import connect
from adapters.versions_kafka import KafkaVersions
from schemas.contracts import Contracts
from schemas.errors import DataError
from schemas.feature_format import unpack_watermark, windows_fingerprint
from schemas.layout import layout_of
from schemas.pipeline import Pipeline
from schemas.redis_keys import watermark_key
from schemas.topics import topic_name
from services.doctor.core_pipeline import CheckpointFacts, judge_checkpoint, judge_watermark
from services.doctor.finding import Finding, ok, warn

_LOOKED_AT: Final = 8
"""Newest records of the versions topic: if the gate refused all of these, there are other worries."""


def check_watermark(pipeline: Pipeline, redis_url: str) -> Finding:
    """Read how far each partition of the windows has come."""
    partitions = pipeline.topics.partitions if pipeline.windows.groups else 0
    fingerprint = windows_fingerprint(pipeline, layout_of(pipeline))
    with closing(connect(redis_url)) as client:
        values = RedisFeatureStore(client).read([watermark_key(pipeline.pipeline, p) for p in range(partitions)])
    times = [float(unpack_watermark(value, fingerprint)) for value in values]
    return judge_watermark(partitions, [time for time in times if math.isfinite(time)])


def check_model(contracts: Contracts, redis_url: str, bootstrap: str | None) -> Finding:
    """Fetch the current version; a blob that is missing or changed raises `DataError`, as does a pointer that is lost.

    `bootstrap` None: Kafka is away, so whether there should be a version is not known.
    """
    pipeline = contracts.pipeline
    with closing(connect(redis_url)) as client:
        store = RedisModelStore(client, pipeline.pipeline)
        pointer = store.current()
        blob = b"" if pointer is None else store.get(pointer.digest)
    if pointer is not None:
        what = f"version {pointer.number}, {len(blob):,} bytes, is what its digest {pointer.digest[:12]} says"
        return ok("model", what)
    if bootstrap is not None and (announced := _newest_published(contracts, bootstrap)):
        raise DataError(
            f"The store has no model, but version {announced} was published: Redis has lost its data.",
            "Run `anabranch store rebuild` with the pipeline file.",
        )
    cure = f"It comes after {pipeline.learner.cadence:,} examples; until then the prior answers."
    return warn("model", "no version is published yet", cure)


def _newest_published(contracts: Contracts, bootstrap: str) -> int:
    """Number of the newest version that the topic carries; 0 if there is none that can be read here."""
    with closing(KafkaVersions(bootstrap, topic_name(contracts.pipeline.pipeline, "versions"))) as log:
        values = [found.value for found in islice(log.newest_first(), _LOOKED_AT)]
    part = contracts.decode(values, ("Version",)).part("Version")
    return 0 if part is None else int(part.columns["number"][part.columns["published"]].max(initial=0))


def check_checkpoint(pipeline: Pipeline, home: Path, bootstrap: str, now_s: float) -> Finding:
    """Compare the newest sound checkpoint with the end of the examples; none sound raises `DataError`."""
    folder = CheckpointFolder(home / "learner" / pipeline.pipeline / "0")
    found = folder.load(corrupted=lambda path: None)
    if found is None:
        return judge_checkpoint(None, pipeline.learner.checkpoint)
    written_s = max(path.stat().st_mtime for path in folder.path.glob("*.checkpoint"))
    place = (topic_name(pipeline.pipeline, "examples"), 0)
    behind = max(0, KafkaInquiry(bootstrap).ends([place])[place] - found.offset)
    facts = CheckpointFacts(max(0, int((now_s - written_s) * 1000)), behind)
    return judge_checkpoint(facts, pipeline.learner.checkpoint)
