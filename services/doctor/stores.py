"""What a pipeline has in its stores: the windows' watermark, the current model, the learner's checkpoint."""

from __future__ import annotations

import math
from contextlib import closing
from pathlib import Path

from adapters.checkpoint_folder import CheckpointFolder
from adapters.feature_store_redis import RedisFeatureStore
from adapters.kafka_facts import KafkaInquiry
from adapters.model_store_redis import RedisModelStore
from adapters.redis_client import connect
from schemas.feature_format import unpack_watermark, windows_fingerprint
from schemas.layout import layout_of
from schemas.pipeline import Pipeline
from schemas.redis_keys import watermark_key
from schemas.topics import topic_name
from services.doctor.core_pipeline import CheckpointFacts, judge_checkpoint, judge_watermark
from services.doctor.finding import Finding, ok, warn


def check_watermark(pipeline: Pipeline, redis_url: str) -> Finding:
    """Read how far each partition of the windows has come."""
    partitions = pipeline.topics.partitions if pipeline.windows.groups else 0
    fingerprint = windows_fingerprint(pipeline, layout_of(pipeline))
    with closing(connect(redis_url)) as client:
        values = RedisFeatureStore(client).read([watermark_key(pipeline.pipeline, p) for p in range(partitions)])
    times = [float(unpack_watermark(value, fingerprint)) for value in values]
    return judge_watermark(partitions, [time for time in times if math.isfinite(time)])


def check_model(pipeline: Pipeline, redis_url: str) -> Finding:
    """Fetch the current version; a blob that is missing or changed raises `DataError`."""
    with closing(connect(redis_url)) as client:
        store = RedisModelStore(client, pipeline.pipeline)
        pointer = store.current()
        if pointer is None:
            cure = f"It comes after {pipeline.learner.cadence:,} examples; until then the prior answers."
            return warn("model", "no version is published yet", cure)
        blob = store.get(pointer.digest)
    return ok("model", f"version {pointer.number}, {len(blob):,} bytes, is what its digest {pointer.digest[:12]} says")


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
