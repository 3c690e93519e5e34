"""``anabranch store``: the model and feature stores made again from the topics, after Redis has lost its data."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

from adapters import local_stack
from adapters.feature_store_redis import RedisFeatureStore
from adapters.kafka_facts import KafkaInquiry
from adapters.local_stack import StackAddresses
from adapters.model_store_redis import RedisModelStore
from adapters.redis_client import connect
from adapters.versions_kafka import KafkaVersions
from schemas.contracts import Contracts
from schemas.errors import DataError
from schemas.feature_format import unpack_watermark, windows_fingerprint
from schemas.redis_keys import watermark_key
from schemas.topics import topic_name
from schemas.versions import read_version
from services.cli.bars import new_bar
from services.cli.pipeline_reading import read_contracts
from services.cli.store_models import ModelsReport, rebuild_models
from services.cli.surroundings import read_settings
from stream_jobs.feature_windows.rebuild import rebuild_features

app = typer.Typer(help="Make the stores again from the topics.", no_args_is_help=True)

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class FeaturesReport:
    """Entities written, and partitions whose values are missing (looked at only, or after writing)."""

    entities: int
    missing_partitions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A pipeline and where its topics and stores are."""

    contracts: Contracts
    addresses: StackAddresses


@app.command("rebuild")
def rebuild(
    file: Annotated[Path, typer.Argument(help="Pipeline file.", show_default=False)],
    models: Annotated[bool, typer.Option(help="The newest published versions, and the pointer.")] = True,
    features: Annotated[bool, typer.Option(help="The snapshots of all entities, and the watermarks.")] = True,
    check: Annotated[bool, typer.Option("--check", help="Only say what is missing.")] = False,
    home: Annotated[Path | None, typer.Option(help="Data folder; default: ANABRANCH_HOME, else .anabranch.")] = None,
    bootstrap: Annotated[str | None, typer.Option(help="Kafka servers; default: the local stack.")] = None,
    redis: Annotated[str | None, typer.Option(help="Redis URL; default: the local one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Put back what Redis has lost, from the topics alone.

    The pipeline may run meanwhile, and doing it again changes nothing. Leaves with 5 if something stays missing.

    Example: [bold]anabranch store rebuild pipelines/flights.yaml --check[/bold]
    """
    settings = read_settings(home=home, bootstrap=bootstrap, redis=redis)
    contracts = read_contracts(file, settings.registry)
    place = Place(contracts, local_stack.find_stack(settings.home, settings.bootstrap, settings.redis))
    begun = time.monotonic()
    with _progress() as tell:
        found = _models(place, check, tell) if models else None
        windows = _features(place, check, tell) if features else None
    seconds = time.monotonic() - begun
    if as_json:
        parts = {name: part and asdict(part) for name, part in (("models", found), ("features", windows))}
        typer.echo(json.dumps({**parts, "seconds": round(seconds, 3)}))
    else:
        typer.echo("\n".join([*_models_lines(found, file), *_features_lines(windows), f"{seconds:.1f} s"]))
    if (found and not found.whole) or (windows and windows.missing_partitions):
        raise typer.Exit(DataError.exit_code)


def _models(place: Place, check: bool, tell: Tell) -> ModelsReport:
    pipeline = place.contracts.pipeline
    topic = topic_name(pipeline.pipeline, "versions")
    with (
        closing(connect(place.addresses.redis_url)) as client,
        closing(KafkaVersions(place.addresses.bootstrap, topic)) as log,
    ):
        announced = (read_version(place.contracts, found.value) for found in log.newest_first())
        store, keep = RedisModelStore(client, pipeline.pipeline), pipeline.learner.keep_versions
        return rebuild_models(announced, store, keep, check, lambda done, most: tell("models", done, most))


def _features(place: Place, check: bool, tell: Tell) -> FeaturesReport:
    with closing(connect(place.addresses.redis_url)) as client:
        store, entities = RedisFeatureStore(client), 0
        if not check:
            bootstrap = place.addresses.bootstrap
            entities = rebuild_features(place.contracts, bootstrap, store, lambda n, all_: tell("features", n, all_))
        return FeaturesReport(entities, _missing_partitions(place, store))


def _missing_partitions(place: Place, store: RedisFeatureStore) -> tuple[int, ...]:
    """Partitions of the windows that have closed panes on record and no watermark in the store."""
    pipeline = place.contracts.pipeline
    if not pipeline.windows.groups:
        return ()
    topic, partitions = topic_name(pipeline.pipeline, "windows-changelog"), range(pipeline.topics.partitions)
    ends = KafkaInquiry(place.addresses.bootstrap).ends((topic, p) for p in partitions)
    fingerprint = windows_fingerprint(pipeline, place.contracts.layout)
    values = store.read([watermark_key(pipeline.pipeline, p) for p in partitions])
    told = [math.isfinite(unpack_watermark(value, fingerprint)) for value in values]
    return tuple(p for p in partitions if ends[topic, p] and not told[p])


def _models_lines(found: ModelsReport | None, file: Path) -> Iterator[str]:
    if found is None:
        return
    at = f"version {found.current} is current" if found.current else "none is current"
    yield f"models: {len(found.restored)} put back, {len(found.present)} were there; {at}"
    if found.missing:
        yield f"models: missing {_numbers(found.missing)}; run `anabranch store rebuild {file}`"
    if found.lost:
        yield (
            f"models: the versions topic no longer carries {_numbers(found.lost)}; "
            "`anabranch models rebuild VERSION --put` learns one again from the examples"
        )


def _features_lines(found: FeaturesReport | None) -> Iterator[str]:
    if found is None:
        return
    yield f"features: {found.entities:,} entities written"
    if found.missing_partitions:
        yield f"features: partitions without a watermark: {_numbers(found.missing_partitions)}"


def _numbers(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))


@contextmanager
def _progress() -> Iterator[Tell]:
    """Show a bar for each store on standard error, where that is a terminal."""
    columns = (TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with new_bar(*columns) as shown:
        tasks = {name: shown.add_task(name, total=None, visible=False) for name in ("models", "features")}

        def tell(name: str, done: int, whole: int) -> None:
            shown.update(tasks[name], completed=done, total=whole, visible=True)

        yield tell
