"""The learner as a process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from time import monotonic, time

from adapters.checkpoint_folder import CheckpointFolder
from adapters.context import Context
from adapters.learner_announcer_kafka import KafkaAnnouncer
from adapters.loop.client_settings import Identity
from adapters.loop.failures import RebuildBudget, gave_up
from adapters.model_store_redis import RedisModelStore
from adapters.partition_log_kafka import KafkaPartitionLog
from adapters.redis_client import connect
from models.determinism import make_deterministic
from schemas.errors import DependencyError, DiskRefuses, Fenced
from schemas.topics import topic_name
from services.learner.outbox import Surroundings
from services.learner.session import Session, Ties

STORE_TIMEOUT_S = 2.0
"""Learning stands still while the store is waited for, so not for long."""


def run(context: Context) -> None:
    """Learn until told to stop. When Kafka fails, everything is opened anew from the last checkpoint.

    Raises
    ------
    Fenced
        Another learner has taken this one's place.
    DependencyError
        Kafka fails again and again, another learner works in the same folder, or the disk refuses.
    DataError
        A version comes out other than it did before, or the log is not the one it was.
    ConfigurationError
        The pipeline file no longer fits the checkpoint.
    """
    make_deterministic()
    name = context.pipeline.pipeline
    folder = CheckpointFolder(context.home / "learner" / name / str(context.ordinal))
    budget = RebuildBudget()
    with folder.locked():
        while not context.stop.is_set():
            try:
                with _ties(context, folder) as ties:
                    Session(context, ties).run()
            except (Fenced, DiskRefuses):
                raise
            except DependencyError as error:
                pause_s = budget.spend(monotonic())
                if pause_s is None:
                    raise gave_up(f"{name}.learner", error) from error
                _say_rebuilt(context, error)
                context.stop.wait(pause_s)


def _say_rebuilt(context: Context, error: DependencyError) -> None:
    context.health.ready(False, str(error))
    context.metrics.count("rebuilds_total")
    context.log.warning("going back to the last checkpoint", why=str(error))


@contextmanager
def _ties(context: Context, folder: CheckpointFolder) -> Iterator[Ties]:
    name, ordinal = context.pipeline.pipeline, context.ordinal
    examples = (topic_name(name, "examples"), ordinal)
    identity = Identity(context.bootstrap, f"{name}.learner", ordinal)
    with (
        closing(KafkaPartitionLog(context.bootstrap, *examples)) as log,
        closing(KafkaAnnouncer(identity, examples, topic_name(name, "versions"))) as announcer,
        closing(connect(context.redis_url, STORE_TIMEOUT_S)) as client,
    ):
        store = RedisModelStore(client, name)
        yield Ties(
            log, Surroundings(context.contracts, ordinal, store, announcer, folder, lambda: time() * 1000, monotonic)
        )
