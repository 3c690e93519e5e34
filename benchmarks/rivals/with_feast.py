"""Feast's online read, in an environment of its own: ten numbers each of the entities that it is asked for.

``python with_feast.py REDIS_HOST:PORT ENTITIES ROWS``: says "ready", then, for every line on standard input, reads the
features of that many entities drawn at random and says how many seconds it took. It uses Feast's own Redis store, one
feature view of ten floats, and `get_online_features`, whose answer is taken as columns (`to_dict`).
"""

import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

COLUMNS, SEED = tuple(f"f{i}" for i in range(10)), 5


def store_of(folder: Path, redis: str, entities: int) -> Any:
    """Return a feature store whose online side holds every entity."""
    import pandas as pd  # type: ignore[import-untyped]
    from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType  # type: ignore[import-not-found]
    from feast.types import Float32  # type: ignore[import-not-found]

    source = folder / "source.parquet"
    now = datetime.now(UTC)
    numbers = random.Random(SEED)
    rows = {name: [numbers.random() for _ in range(entities)] for name in COLUMNS}
    frame = pd.DataFrame({"entity": [f"entity{i:08d}" for i in range(entities)], "at": now, **rows})
    frame = frame.astype(dict.fromkeys(COLUMNS, "float32"))
    frame.to_parquet(source)
    config = RepoConfig(
        project="read",
        provider="local",
        registry=str(folder / "registry.db"),
        online_store={"type": "redis", "connection_string": redis},
        offline_store={"type": "file"},
        entity_key_serialization_version=3,
    )
    store = FeatureStore(config=config)
    entity = Entity(name="entity", join_keys=["entity"], value_type=ValueType.STRING)
    view = FeatureView(
        name="windows",
        entities=[entity],
        ttl=timedelta(days=1),
        schema=[Field(name=name, dtype=Float32) for name in COLUMNS],
        source=FileSource(path=str(source), timestamp_field="at"),
    )
    store.apply([entity, view])
    store.write_to_online_store("windows", frame)
    return store


def main(redis: str, entities: int, rows: int) -> None:
    """Fill, then answer a line with a time until the input ends."""
    with tempfile.TemporaryDirectory(prefix="anabranch-feast-") as folder:
        store, draw = store_of(Path(folder), redis, entities), random.Random(SEED)
        wanted = [f"windows:{name}" for name in COLUMNS]
        print("ready", flush=True)
        for _ in sys.stdin:
            asked = [{"entity": f"entity{draw.randrange(entities):08d}"} for _ in range(rows)]
            begun = time.perf_counter()
            found = store.get_online_features(features=wanted, entity_rows=asked).to_dict()
            took = time.perf_counter() - begun
            assert len(found["f0"]) == rows
            assert None not in found["f0"]
            print(took, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
