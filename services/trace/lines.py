"""The parts of a story in lines: the name of each, and its text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.text import Text

from services.trace.story import Answer, Example, Label, Letter, Lineage, Request, Version
from services.trace.words import at, number, ranges, span, when, where

Line = tuple[str, Text]
_PARENTS_SHOWN: Final = 4
_WELL: Final = ("ok", "stale", "prior")


def request_lines(request: Request) -> Iterator[Line]:
    """When it was asked, where that stands, and what."""
    yield "request", Text(f"{when(request.time)}   {where(request.place)}, {when(request.place.arrived_at)}")
    fields = "  ".join(f"{name} {_value(value)}" for name, value in request.fields.items())
    yield "", Text(fields, style="dim")
    if request.letter:
        yield "", Text(f"could not be answered: {request.letter.reason}", style="red")


def answer_lines(answer: Answer) -> Iterator[Line]:
    """What was answered, by which version, how long it took, and on features of when."""
    output = ", ".join(map(number, answer.output)) or "no prediction"
    head = Text.assemble((answer.status, _style(answer.status)), f"  {output}")
    if answer.version and answer.output:
        head.append(f"   version {answer.version}, {answer.digest[:12]}")
    yield "answer", head.append(f"   {where(answer.place)}")
    if answer.reason:
        yield "", Text(answer.reason, style="yellow")
    parts = f"queue {span(answer.queue_ms)}, features {span(answer.features_ms)}, model {span(answer.model_ms)}"
    yield "", Text(f"at {when(answer.answered_at)}: {parts}", style="dim")
    if answer.features_time is not None and answer.features_age_ms is not None:
        age = span(answer.features_age_ms)
        yield "features", Text(f"windows as of {when(answer.features_time)}, {age} before the request")
    if answer.waiting != "joined":
        yield "label", Text(_waiting(answer), style="" if answer.waiting == "defaulted" else "yellow")


def label_lines(label: Label) -> Iterator[Line]:
    """What came, from whom, how late, and what became of it."""
    delay = "" if label.delay_ms is None else f", {span(label.delay_ms)} after the request"
    said = f" by {label.labeller}" if label.labeller else ""
    yield "label", Text(f"{number(label.value)} at {when(label.time)}{delay}{said}   {where(label.place)}")
    fates = {
        "joined": "joined",
        "held": "held: waits for its answer, or for other labels",
        "unread": "the join has not read it yet",
        "dead_letter": f"dead letter: {label.letter.reason}" if label.letter else "",
    }
    yield "", Text(fates[label.fate], style="green" if label.fate == "joined" else "yellow")


def example_lines(example: Example) -> Iterator[Line]:
    """The pair, the minibatch it was learned in, and the versions it shaped."""
    origin = "" if example.origin == "observed" else ", the default at timeout"
    yield "example", Text(f"label {number(example.label)}{origin}   {where(example.place)}")
    if example.letter:
        yield "", Text(f"not learned: {example.letter.reason}, {example.letter.detail}", style="red")
    elif example.batch is None:
        yield "", Text("its batch cannot be counted: the log begins later", style="yellow")
    else:
        batch = example.batch
        waits = f", waits for {batch.missing} more" if batch.missing else ""
        yield "batch", Text(f"{batch.number:,}, as example {batch.example:,}; offsets {ranges(batch.offsets)}{waits}")
        yield "shaped", Text(_shaped(example))


def letter_lines(letter: Letter) -> Iterator[Line]:
    """What could not be used, and why."""
    yield "dead letter", Text(f"{letter.reason}: {letter.detail}", style="yellow")
    yield "", Text(f"{at(letter.source)}, sent by {letter.process} at {when(letter.at)}", style="dim")
    if letter.replayed_to:
        yield "", Text(f"written back as {at(letter.replayed_to)}", style="green")


def lineage_lines(lineage: Lineage) -> Iterator[Line]:
    """Where the version that answered came from."""
    if lineage.version is None:
        yield f"version {lineage.number}", Text("was never announced", style="red")
        return
    v = lineage.version
    yield (
        f"version {v.number}",
        Text(f"{v.examples:,} examples; since its parent offsets {v.first_offset}–{v.last_offset}"),
    )
    if not lineage.agrees:
        yield "", Text(f"announced as {v.digest[:12]}, not as what answered", style="bold red")
    reasons = "; ".join(v.gate.get("reasons", ()))
    verdict = "admitted" if v.published else "refused"
    yield "", Text(f"gate {v.gate.get('policy', '')}: {verdict}{': ' if reasons else ''}{reasons}", style="dim")
    if lineage.ancestors:
        yield "parents", Text(_parents(lineage.ancestors))


def _waiting(answer: Answer) -> str:
    until, reached = when(answer.until), when(answer.labels_reached)
    reason = answer.letter.reason if answer.letter else ""
    return {
        "defaulted": "none came in time; the default was taken",
        "pending": f"awaited until {until}; labels have come up to {reached}",
        "timed_out": f"none came before {until}",
        "no_prediction": "none is awaited: there was no prediction",
        "dead_letter": f"none is awaited: this answer is a dead letter, {reason}",
        "unread": "the join has not read the answer yet",
    }[answer.waiting]


def _shaped(example: Example) -> str:
    shaped = example.shaped
    if shaped is None:
        return "no version yet"
    published = shaped.first_published
    first = f"version {shaped.first}"
    if published is None:
        first += ", refused; none was published since"
    elif published != shaped.first:
        first += f", refused; first published: {published}"
    rest = {0: "", 1: ", and the one after it"}
    return first + rest.get(shaped.after, f", and all {shaped.after} after it")


def _parents(ancestors: tuple[Version, ...]) -> str:
    shown = "; ".join(f"{v.number} (offsets {v.first_offset}–{v.last_offset})" for v in ancestors[:_PARENTS_SHOWN])
    left = len(ancestors) - _PARENTS_SHOWN
    return shown if left <= 0 else f"{shown}; … and {left} before, back to {ancestors[-1].number}"


def _value(value: float | str | None) -> str:
    return value if isinstance(value, str) else number(value)


def _style(status: str) -> str:
    return "bold green" if status == "ok" else "bold yellow" if status in _WELL else "bold red"
