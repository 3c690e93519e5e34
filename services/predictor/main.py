"""The predictor as a process: stores, the watch over models, and the loop."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing

from adapters.context import Context
from adapters.feature_store_redis import RedisFeatureStore
from adapters.loop import run_loop
from adapters.model_store_redis import RedisModelStore
from adapters.redis_client import connect
from adapters.versions_kafka import KafkaVersions
from schemas.topics import topic_name
from schemas.versions import Version, read_version
from services.predictor.device import choose_device, loader_for, most_at_once
from services.predictor.job import PROCESS, PredictorJob
from services.predictor.model_watch import ModelWatch
from services.predictor.warm_up import warm_up
from services.predictor.window_reader import WindowReader

FEATURES_TIMEOUT_S = 0.25
"""While Redis hangs, one batch in two seconds is held up for so long; see `WindowReader`."""


def run(context: Context) -> None:
    """Answer requests until ``context.stop`` is set. Blocks.

    Raises
    ------
    ConfigurationError
        The torch device is not there, or what `run_loop` says.
    """
    pipeline = context.pipeline
    device = choose_device(context.device)
    load, largest = loader_for(device, context.contracts.layout), most_at_once(device, pipeline.serving.max_batch)
    warm_up(context.contracts, load, largest)
    with ExitStack() as stack:
        features = stack.enter_context(closing(connect(context.redis_url, FEATURES_TIMEOUT_S)))
        models = stack.enter_context(closing(connect(context.redis_url)))
        watch = stack.enter_context(
            closing(
                ModelWatch(
                    RedisModelStore(models, pipeline.pipeline),
                    load,
                    context.contracts.layout,
                    largest,
                    pipeline.serving.model_poll,
                    steady_ms,
                    context.metrics,
                    context.log,
                    lambda: newest_published(context),
                )
            )
        )
        windows = WindowReader(
            pipeline, context.contracts.layout, RedisFeatureStore(features), steady_ms, context.stop.wait
        )
        watch.start()
        run_loop(
            context,
            PredictorJob(context.contracts, windows, watch, context.metrics, steady_ms),
            group=f"{pipeline.pipeline}.{PROCESS}",
            exactly_once=pipeline.serving.delivery == "exactly_once",
            max_batch=pipeline.serving.max_batch,
            linger_ms=pipeline.serving.linger,
        )


def newest_published(context: Context) -> Version | None:
    """Read the newest published version, whole, from the versions topic; None if there is none. Blocks.

    Raises
    ------
    DependencyError
        Kafka is away.
    DataError
        The topic holds something else.
    """
    topic = topic_name(context.pipeline.pipeline, "versions")
    with closing(KafkaVersions(context.bootstrap, topic)) as log:
        versions = (read_version(context.contracts, found.value) for found in log.newest_first())
        return next((version for version in versions if version.artefact), None)


def steady_ms() -> float:
    """Read the steady clock, ms."""
    return time.perf_counter() * 1000
