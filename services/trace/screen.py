"""A story on one screen."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.trace.feature_table import feature_table
from services.trace.lines import answer_lines, example_lines, label_lines, letter_lines, lineage_lines, request_lines
from services.trace.story import Story


def render(story: Story) -> RenderableType:
    """Draw a story."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold cyan", justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in _rows(story):
        grid.add_row(name, text)
    title = f"[bold]{story.pipeline}[/bold] · {story.request_id}"
    return Group(Panel(grid, title=Text.from_markup(title), border_style="blue"), *_feature_tables(story))


def _rows(story: Story) -> Iterator[tuple[str, Text]]:
    for request in story.requests:
        yield from request_lines(request)
    if not story.requests:
        yield "request", Text("no longer in its topic", style="yellow")
    for answer in story.answers:
        yield from answer_lines(answer)
    if not story.answers:
        yield "answer", Text("none" if story.requests and not story.examples else "not in its topic", style="yellow")
    for label in story.labels:
        yield from label_lines(label)
    for example in story.examples:
        yield from example_lines(example)
    for letter in story.letters:
        yield from letter_lines(letter)
    for lineage in story.lineages:
        yield from lineage_lines(lineage)


def _feature_tables(story: Story) -> Iterator[Table]:
    for features in (*(a.features for a in story.answers), *(e.features for e in story.examples)):
        if features:
            yield feature_table(features)
