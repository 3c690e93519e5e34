"""The whole feature store from the changelog of the windows alone, for whoever cannot wait for the process."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from adapters.loop.changelog import ChangelogReader
from adapters.loop.client_settings import Identity
from adapters.loop.failures import LoopBroken
from adapters.ports import FeatureStore
from schemas.contracts import Contracts
from schemas.errors import DependencyError
from schemas.feature_format import windows_fingerprint
from schemas.redis_keys import watermark_key
from schemas.topics import topic_name
from stream_jobs.feature_windows.partition import Partition
from stream_jobs.feature_windows.plan import plan_of
from stream_jobs.feature_windows.upkeep import Upkeep

SLICE = 8192
ATTEMPTS = 5

Tell = Callable[[int, int], None]
"""Hears how many partitions are done, and of how many."""


def rebuild_features(contracts: Contracts, bootstrap: str, store: FeatureStore, tell: Tell) -> int:
    """Write every value of the feature store again, as of the last commit of the windows. Blocks.

    Safe while the process runs: it joins the same life of the store, of two values the later in event time stays,
    and the watermark never goes back.

    Parameters
    ----------
    bootstrap : str
        Kafka servers.
    store : FeatureStore
        Of the pipeline.
    tell : callable
        Called with the partitions done, and all of them, at the beginning and after each.

    Returns
    -------
    int
        Entities written.

    Raises
    ------
    DependencyError
        Kafka or the store is away, or the store loses its data again and again.
    ConfigurationError, DataError
        The changelog is of other windows, or cannot be read.
    """
    pipeline = contracts.pipeline
    if not contracts.layout.kinds:
        return 0
    topic, partitions, entities = topic_name(pipeline.pipeline, "windows-changelog"), pipeline.topics.partitions, 0
    reader = ChangelogReader(Identity(bootstrap, f"{pipeline.pipeline}.rebuild", 0), _ignore, lambda: None)
    tell(0, partitions)
    for partition in range(partitions):
        entities += rebuild_partition(contracts, store, partition, _read(reader, topic, partition).items())
        tell(partition + 1, partitions)
    return entities


def rebuild_partition(
    contracts: Contracts, store: FeatureStore, partition: int, changelog: Iterable[tuple[bytes, bytes]]
) -> int:
    """Write the values of one partition from the latest value of each key of its changelog; see `rebuild_features`."""
    plan, fingerprint = (
        plan_of(contracts.pipeline, contracts.layout),
        windows_fingerprint(contracts.pipeline, contracts.layout),
    )
    state = Partition(plan, fingerprint, changelog)
    if not state.closed:
        return 0
    upkeep = Upkeep(state, store, watermark_key(plan.pipeline, partition), plan.pane, fingerprint)
    for _ in range(ATTEMPTS):
        upkeep.renew()
        entities = upkeep.mend(SLICE)
        while upkeep.is_mending:
            entities += upkeep.mend(SLICE)
        if upkeep.whole:
            return entities
    raise DependencyError(
        f"The feature store lost its data {ATTEMPTS} times while partition {partition} was written.",
        "See why Redis restarts or is flushed; `anabranch doctor` checks its settings.",
    )


def _read(reader: ChangelogReader, topic: str, partition: int) -> dict[bytes, bytes]:
    try:
        return reader.read(topic, partition)
    except LoopBroken as failed:
        raise DependencyError(f"{topic} cannot be read: {failed}.", "See `anabranch doctor`.") from failed


def _ignore(error: object) -> None:
    """What breaks a read shows there."""
