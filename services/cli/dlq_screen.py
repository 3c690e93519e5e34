"""How dead letters are shown: to people as tables and text, to machines as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from rich.table import Column, Table
from rich.text import Text

from services.cli.hex_dump import hex_dump
from services.dlq.anatomy import Anatomy
from services.dlq.core_replay import REFUSALS
from services.dlq.letter import Letter
from services.dlq.replaying import Tally
from services.dlq.survey import Line, Survey, line_of

_WHOLE_BYTES: Final = 48
_WHOLE_FIELD: Final = 480
"""Longest key or header, and field of a value, that is shown to a person in full."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A letter, and what its value is."""

    letter: Letter
    anatomy: Anatomy


def counts_table(found: Survey, unreadable: int) -> Table:
    """Letters by reason, topic and process."""
    title = f"{found.letters:,} dead letters, {found.replayed:,} of them written back"
    title += f"; {unreadable:,} records that are none" if unreadable else ""
    right = [Column(name, justify="right") for name in ("letters", "written back")]
    table = Table("reason", "topic", "process", *right, title=title, box=None, title_justify="left")
    for c in found.counts:
        table.add_row(c.reason, c.topic, c.process, f"{c.letters:,}", f"{c.replayed:,}")
    return table


def newest_lines(found: Survey) -> Iterator[str]:
    """The newest letters, a line each: not as a table, whose cells would be cut on a narrow terminal."""
    wide = [max((len(text) for text in column), default=0) for column in zip(*map(_cells, found.newest), strict=True)]
    yield "The newest; `anabranch dlq show` shows one whole:"
    for line in found.newest:
        cells = "  ".join(f"{cell:{width}}" for cell, width in zip(_cells(line), wide, strict=True))
        back = f"  [written back{f', {line.times} times' if line.times > 1 else ''}]" if line.times else ""
        yield f"{cells}  {line.detail}{back}"


def _cells(line: Line) -> tuple[str, str, str, str]:
    return line.position, when(line.at), line.reason, line.source


def when(at_ms: float) -> str:
    """Write a time as people do; as it is, if it is none.

    Examples
    --------
    >>> when(1_700_000_000_000.0), when(1e300)
    ('2023-11-14 22:13:20', '1e+300')
    """
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return str(at_ms)


def outcome_lines(tally: Tally, doing: str) -> Iterator[str]:
    """What becomes, or would become, of the chosen letters."""
    yield f"{tally.chosen:,} letters: {tally.events.total():,} {doing}, {tally.already:,} had been before."
    for (topic, reason), count in tally.events.most_common():
        yield f"  {count:,} × {reason} to {topic}"
    if tally.bad_still:
        which = ", ".join(f"{reason} {count:,}" for reason, count in tally.bad_still.most_common())
        yield f"  {tally.bad_still.total():,} of them are not in order today either, and may come again: {which}"
    for name, count in tally.refused.most_common():
        yield f"  {count:,} cannot be: {REFUSALS[name]}."


def shown_letter(shown: Shown) -> dict[str, Any]:
    """All of a letter, for JSON: bytes as hex."""
    letter, anatomy = shown.letter, shown.anatomy
    line = line_of(letter)
    told = {"position": line.position, "at": line.at, "reason": line.reason, "detail": line.detail}
    source = {"topic": letter.topic, "partition": letter.partition, "offset": letter.offset}
    value = {
        "record": anatomy.record,
        "fields": {name: plain(field) for name, field in anatomy.fields},
        "reason_now": anatomy.reason,
        "detail_now": anatomy.detail,
        "breaks_at": anatomy.breaks_at,
        "hex": letter.value.hex(),
    }
    headers = [[name, header.hex()] for name, header in letter.headers]
    whole = {"process": line.process, "source": source, "replay_of": line.replay_of, "times_replayed": line.times}
    return {**told, **whole, "key": letter.key.hex(), "headers": headers, "value": value}


def plain(value: Any) -> Any:
    r"""Make a field's value one that JSON knows: no NaN, no bytes.

    Examples
    --------
    >>> plain(float("nan")), plain(b"\x01"), plain([1.0, float("inf")])
    ('nan', '01', [1.0, 'inf'])
    """
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {name: plain(item) for name, item in value.items()} if isinstance(value, dict) else value


def shown_text(shown: Shown) -> Text:
    """All of a letter, for a person."""
    letter, line = shown.letter, line_of(shown.letter)
    rows = [
        ("letter", f"{line.position}, {when(letter.at)} UTC, by {letter.process}"),
        ("reason", letter.reason),
        ("detail", letter.detail),
        ("came from", letter.source),
        ("replay of", line.replay_of),
        ("written back", f"{letter.times} times" if letter.times else "no"),
        ("key", text_or_hex(letter.key)),
        *(("header", f"{name}: {text_or_hex(value)}") for name, value in letter.headers),
    ]
    text = Text()
    for name, said in rows:
        if said:
            text.append(f"{name:13}", style="bold").append(f"{said}\n")
    return text.append_text(_value_text(shown))


def _value_text(shown: Shown) -> Text:
    value, anatomy = shown.letter.value, shown.anatomy
    text = Text()
    text.append("value        ", style="bold").append(
        f"{len(value):,} bytes, {anatomy.record or 'of no known record'}\n"
    )
    for name, field in anatomy.fields:
        said = plain(field)
        text.append(
            f"  {name} = {said if len(str(said)) <= 10 * _WHOLE_BYTES else str(said)[: 10 * _WHOLE_BYTES] + ' …'}\n"
        )
    if anatomy.breaks_at >= 0:
        text.append(f"  breaks at byte {anatomy.breaks_at}: {anatomy.detail}\n", style="red")
        text.append(hex_dump(value, anatomy.breaks_at) + "\n")
    verdict = f"would still be refused: {anatomy.reason}, {anatomy.detail}" if anatomy.reason else "can be read"
    return text.append("today        ", style="bold").append(f"{verdict}\n")


def text_or_hex(data: bytes) -> str:
    r"""Show bytes as text if they are, else as hex; long ones cut.

    Examples
    --------
    >>> text_or_hex(b"N14228"), text_or_hex(b"\x00\x01"), text_or_hex(b"")
    ('N14228', 'hex 0001', '(empty)')
    """
    cut = " …" if len(data) > _WHOLE_BYTES else ""
    try:
        text = data[:_WHOLE_BYTES].decode()
    except UnicodeDecodeError:
        text = "\0"
    return (text if text.isprintable() else f"hex {data[:_WHOLE_BYTES].hex()}") + cut if data else "(empty)"
