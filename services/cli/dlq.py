"""``anabranch dlq``: what could not be used, and writing it back once the cause is gone."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from adapters.local_stack import find_stack
from schemas.contracts import Contracts
from schemas.errors import ConfigurationError
from schemas.subjects import records_of_topic
from services.cli.bars import new_bar
from services.cli.dlq_choice import Filters, positions_of, selection_of
from services.cli.dlq_screen import Shown, counts_table, newest_lines, outcome_lines, shown_letter, shown_text
from services.cli.options import Bootstrap, Home, JsonObject
from services.cli.pipeline_reading import read_contracts
from services.cli.surroundings import read_settings
from services.dlq.anatomy import dissect
from services.dlq.letter import Letter
from services.dlq.main import Outcome, Place, find, reading, try_out, write_back
from services.dlq.replaying import Tally
from services.dlq.survey import survey

app = typer.Typer(help="List the dead letters, look into one, write their events back.", no_args_is_help=True)

MOST_LISTED: Final = 10_000

PipelineFile = Annotated[Path, typer.Argument(help="Pipeline file.", show_default=False)]
Reason = Annotated[list[str] | None, typer.Option("--reason", help="Only these reasons; may be repeated.")]
Topic = Annotated[list[str] | None, typer.Option("--topic", help="Only events of these topics, as `labels`.")]
Process = Annotated[list[str] | None, typer.Option("--process", help="Only what these processes could not use.")]
Since = Annotated[str, typer.Option(help="Only letters of the last 30m, 12h, 7d.")]


@app.command("list")
def list_(
    file: PipelineFile,
    reason: Reason = None,
    topic: Topic = None,
    process: Process = None,
    since: Since = "",
    replayed: Annotated[
        bool | None, typer.Option("--replayed/--unreplayed", help="Only those written back, or not.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, max=MOST_LISTED, help="How many of the newest to show.")] = 20,
    summary: Annotated[bool, typer.Option("--summary", help="Only the counts.")] = False,
    home: Home = None,
    bootstrap: Bootstrap = None,
    as_json: JsonObject = False,
) -> None:
    """Count the dead letters by reason, topic and process, and show the newest.

    Example: [bold]anabranch dlq list pipelines/flights.yaml --topic labels --since 1h[/bold]
    """
    contracts = read_contracts(file, read_settings().registry)
    chosen = selection_of(contracts, Filters(reason, topic, process, since), replayed=replayed)
    with _progress(as_json) as bar, reading(_place(contracts, home, bootstrap, bar)) as reader:
        found = survey(reader.letters(chosen), 0 if summary else limit)
        unreadable = reader.unreadable
    if as_json:
        counts = {"letters": found.letters, "replayed": found.replayed, "unreadable": unreadable}
        typer.echo(json.dumps({**counts, "counts": _dicts(found.counts), "newest": _dicts(found.newest)}))
        return
    console = Console()
    console.print(counts_table(found, unreadable))
    if found.newest:
        typer.echo("\n".join(newest_lines(found)))


@app.command("show")
def show(
    file: PipelineFile,
    position: Annotated[str, typer.Argument(help="PARTITION/OFFSET, as `anabranch dlq list` shows it.")],
    raw: Annotated[bool, typer.Option("--raw", help="Write the value's bytes to standard output.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the value's bytes to this file.")] = None,
    home: Home = None,
    bootstrap: Bootstrap = None,
    as_json: JsonObject = False,
) -> None:
    """Show a letter whole: cause, source, headers, key, and its value, field by field or where it breaks.

    Example: [bold]anabranch dlq show pipelines/flights.yaml 0/17[/bold]
    """
    contracts = read_contracts(file, read_settings().registry)
    (at,) = positions_of([position])
    with _progress(quiet=True) as bar:
        letter = find(_place(contracts, home, bootstrap, bar), at)
    if out is not None:
        _write(out, letter.value)
    if raw:
        sys.stdout.buffer.write(letter.value)
        return
    shown = _shown(contracts, letter)
    if as_json:
        typer.echo(json.dumps(shown_letter(shown)))
    else:
        Console(highlight=False).print(shown_text(shown), soft_wrap=True)


@app.command("replay")
def replay(
    file: PipelineFile,
    positions: Annotated[
        list[str] | None, typer.Argument(help="Letters, as PARTITION/OFFSET.", metavar="[POSITION]...")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="All letters, whatever their reason.")] = False,
    reason: Reason = None,
    topic: Topic = None,
    process: Process = None,
    since: Since = "",
    again: Annotated[
        bool, typer.Option("--again", help="Letters that were written back before, too: an event may be used twice.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: Home = None,
    bootstrap: Bootstrap = None,
    as_json: JsonObject = False,
) -> None:
    """Write letters' events back to their topics, through the same door, each letter once.

    Events keep topic, key, value and headers, and get the header `anabranch-replay-of`. What is bad again becomes a
    new letter. Only events of applications go back: the rest is refused, with why.

    Example: [bold]anabranch dlq replay pipelines/flights.yaml --reason out_of_range --dry-run[/bold]
    """
    filters = Filters(reason, topic, process, since)
    if bool(positions) == (filters.any or all_):
        raise typer.BadParameter("say which: POSITION..., or --reason, --topic, --process, --since, or --all")
    contracts = read_contracts(file, read_settings().registry)
    chosen = selection_of(contracts, filters, positions or [])
    with _progress(as_json) as bar:
        place = _place(contracts, home, bootstrap, bar)
        if dry_run:
            outcome = try_out(place, chosen, again)
        else:
            outcome = write_back(place, chosen, again, lambda planned: yes or _agrees(planned, bar))
    _tell(outcome, dry_run, as_json)


@contextmanager
def _progress(quiet: bool) -> Iterator[Progress]:
    """A bar on standard error, if that is a terminal."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with new_bar(*columns, TimeElapsedColumn(), quiet=quiet) as shown:
        yield shown


def _place(contracts: Contracts, home: Path | None, bootstrap: str | None, bar: Progress) -> Place:
    settings = read_settings(home=home, bootstrap=bootstrap)
    kafka = settings.bootstrap or find_stack(settings.home, redis_url="not asked for").bootstrap
    task = bar.add_task("Asking Kafka", total=None)
    return Place(
        contracts, kafka, lambda doing, done, of: bar.update(task, description=doing, completed=done, total=of)
    )


def _agrees(planned: Tally, bar: Progress) -> bool:
    """Ask on a terminal; whoever has none has said what he wants."""
    if not sys.stdin.isatty():
        return True
    bar.stop()
    for line in outcome_lines(planned, "to write back"):
        typer.echo(line, err=True)
    agreed = typer.confirm(f"Write {planned.events.total():,} events back?", err=True)
    bar.start()
    return agreed


def _tell(outcome: Outcome, dry_run: bool, as_json: bool) -> None:
    tally = outcome.tally
    if as_json:
        events = [{"topic": t, "reason": r, "events": n} for (t, r), n in sorted(tally.events.items())]
        written = {"chosen": tally.chosen, "events": tally.events.total(), "transactions": tally.transactions}
        left_out = {"already_replayed": tally.already, "refused": dict(tally.refused)}
        still = {"bad_still": dict(tally.bad_still)} if dry_run else {}
        typer.echo(json.dumps({"done": outcome.done, **written, "by_topic": events, **left_out, **still}))
        return
    for line in outcome_lines(tally, "written back" if outcome.done else "to write back"):
        typer.echo(line)
    if not outcome.done:
        typer.echo("A dry run: nothing was written." if dry_run else "Nothing was written.")


def _shown(contracts: Contracts, letter: Letter) -> Shown:
    welcome = records_of_topic(contracts.pipeline, letter.topic)
    value = None if letter.reason == "no_value" else letter.value
    return Shown(letter, dissect(contracts, value, welcome))


def _write(path: Path, value: bytes) -> None:
    try:
        path.write_bytes(value)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error}.", "Choose another --out.") from error


def _dicts(rows: Iterable[object]) -> list[dict[str, object]]:
    return [asdict(row) for row in rows]  # type: ignore[call-overload]
