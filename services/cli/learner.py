"""``anabranch learner``: learning frozen, thawed, hurried and begun anew by hand, by records in its own log."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer
from pydantic import ValidationError

from schemas.pipeline_reaction import Action
from services.cli.learner_command import Addressee, Reason, send_action, send_command
from services.cli.options import Bootstrap, Home, Json, Ordinal, PipelineOption

app = typer.Typer(help="Freeze, thaw, hurry and retrain the learner by hand; serving goes on.", no_args_is_help=True)

STEPS = ("warm_restart", "reset_head", "raise_rate")
How = Literal["full", "incremental", "transfer"]
Concept = Annotated[int | None, typer.Option(min=1, help="Number of the banked concept; default: what does best now.")]
Trial = Annotated[int, typer.Option(min=1, help="Examples after which it is dropped if it was not admitted.")]


@app.command("freeze")
def freeze(
    pipeline: PipelineOption,
    reason: Reason,
    home: Home = None,
    bootstrap: Bootstrap = None,
    ordinal: Ordinal = 0,
    as_json: Json = False,
) -> None:
    """Let learning stand still from here in the log on; what comes until it thaws is not learned.

    Example: [bold]anabranch learner freeze --pipeline pipelines/flights.yaml --reason "labels under repair"[/bold]
    """
    send_command(Addressee(pipeline, home, bootstrap, ordinal, as_json), "freeze", reason)


@app.command("thaw")
def thaw(
    pipeline: PipelineOption,
    reason: Reason,
    home: Home = None,
    bootstrap: Bootstrap = None,
    ordinal: Ordinal = 0,
    as_json: Json = False,
) -> None:
    """Let learning go on, whether a person or the learner itself had frozen it.

    Example: [bold]anabranch learner thaw --pipeline pipelines/flights.yaml --reason "labels are mended"[/bold]
    """
    send_command(Addressee(pipeline, home, bootstrap, ordinal, as_json), "thaw", reason)


@app.command("react")
def react(
    pipeline: PipelineOption,
    reason: Reason,
    do: Annotated[
        list[str], typer.Option("--do", help=f"One of {', '.join(STEPS)}; may be given again.", show_default=False)
    ],
    times: Annotated[float | None, typer.Option(help="How many times as high raise_rate makes the rate: 5.")] = None,
    over: Annotated[int | None, typer.Option(min=1, help="For how many examples: 2000.")] = None,
    home: Home = None,
    bootstrap: Bootstrap = None,
    ordinal: Ordinal = 0,
    as_json: Json = False,
) -> None:
    """Let the learner itself begin its schedule again, lose its last layer, or go faster for a while.

    Example: [bold]anabranch learner react --pipeline pipelines/flights.yaml --do raise_rate --reason "storm"[/bold]
    """
    if unknown := [name for name in do if name not in STEPS]:
        raise typer.BadParameter(f"--do {unknown[0]}: it is one of {', '.join(STEPS)}.")
    given = {name: value for name, value in (("times", times), ("over", over)) if value is not None}
    if given and "raise_rate" not in do:
        raise typer.BadParameter(f"--{' and --'.join(given)} say how the rate is raised: give --do raise_rate, too.")
    words: dict[str, Any] = dict.fromkeys(do, True)
    asked: dict[str, Any] = {**words, **({"raise_rate": given} if "raise_rate" in do else {})}
    send_action(Addressee(pipeline, home, bootstrap, ordinal, as_json), _action(asked), reason)


@app.command("retrain")
def retrain(
    pipeline: PipelineOption,
    reason: Reason,
    how: Annotated[How, typer.Option(help="From nothing, the champion's weights, or a banked version's.")] = "full",
    last: Annotated[int | None, typer.Option(min=1, help="So many of the newest examples; default: all.")] = None,
    first_offset: Annotated[int | None, typer.Option(min=0, help="Begin of a range of the log, instead.")] = None,
    last_offset: Annotated[int | None, typer.Option(min=0, help="Its end, included.")] = None,
    passes: Annotated[int, typer.Option(min=1, max=100, help="How often the range is learned.")] = 1,
    concept: Concept = None,
    trial: Trial = 16_384,
    home: Home = None,
    bootstrap: Bootstrap = None,
    ordinal: Ordinal = 0,
    as_json: Json = False,
) -> None:
    """Let another learner learn a range of the log, and stand against the champion as a candidate.

    Example: [bold]anabranch learner retrain --pipeline pipelines/flights.yaml --last 50000 --reason "new feed"[/bold]
    """
    if (first_offset is None) != (last_offset is None):
        raise typer.BadParameter("--first-offset and --last-offset say a range together: give both, or neither.")
    asked = {"how": how, "last": last, "passes": passes, "concept": concept, "trial": trial}
    between = None if first_offset is None else (first_offset, last_offset)
    action = _action({"retrain": {**asked, "between": between}})
    send_action(Addressee(pipeline, home, bootstrap, ordinal, as_json), action, reason)


@app.command("recall")
def recall(
    pipeline: PipelineOption,
    reason: Reason,
    concept: Concept = None,
    trial: Trial = 16_384,
    home: Home = None,
    bootstrap: Bootstrap = None,
    ordinal: Ordinal = 0,
    as_json: Json = False,
) -> None:
    """Let a banked version learn on beside the learner, and stand against the champion as a candidate.

    Example: [bold]anabranch learner recall --pipeline pipelines/flights.yaml --concept 2 --reason "winter"[/bold]
    """
    action = _action({"recall": {"concept": concept, "trial": trial}})
    send_action(Addressee(pipeline, home, bootstrap, ordinal, as_json), action, reason)


def _action(words: dict[str, Any]) -> Action:
    """Check an action as a pipeline file's would be."""
    try:
        return Action.model_validate(words)
    except ValidationError as error:
        why = "; ".join(str(fault["msg"]).removeprefix("Value error, ") for fault in error.errors())
        raise typer.BadParameter(why) from error
