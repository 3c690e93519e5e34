"""The table of commands, and the application made from it.

A command's module is imported only when the command line names it, so that ``anabranch --help`` and small
commands never pay for torch. To add one: write a function (or a `typer.Typer` for a group of commands) in a
module here, and add its line below; the line's help must be the first line of its docstring, or the group's
`help`, which a test checks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version as installed_version

import typer

CommandFunction = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Command:
    """One word after ``anabranch``.

    Parameters
    ----------
    name : str
        The word.
    module, attribute : str
        Where its function, or the application of its group, is.
    help : str
        One line.
    """

    name: str
    module: str
    attribute: str
    help: str

    def load(self) -> CommandFunction | typer.Typer:
        """Import the module and return what it offers."""
        found: CommandFunction | typer.Typer = getattr(import_module(self.module), self.attribute)
        return found


COMMANDS = (
    Command("up", "services.cli.stack", "up", "Start Apache Kafka and Redis on this machine."),
    Command("down", "services.cli.stack", "down", "End Kafka, Redis and what was kept running on them; data stays."),
    Command("status", "services.cli.stack", "status", "Show how the local Kafka and Redis are."),
    Command("run", "services.cli.run", "run", "Run one process of a pipeline until SIGTERM or Ctrl-C."),
    Command("start", "services.cli.processes", "start", "Start the processes of a pipeline in the background."),
    Command(
        "stop", "services.cli.processes", "stop", "End the processes of a pipeline; each finishes what it has begun."
    ),
    Command("demo", "services.cli.demo", "demo", "Run the whole loop on a recorded stream, on servers of its own."),
    Command("pipelines", "services.cli.pipelines", "app", "Check a pipeline file, or begin one."),
    Command("schemas", "services.cli.schemas", "app", "Show, lock, check and describe the records of a pipeline."),
    Command("models", "services.cli.models", "app", "List, show, verify and rebuild a pipeline's model versions."),
    Command("gate", "services.cli.gate", "app", "List and show what the gate decided, and why."),
    Command("concepts", "services.cli.concepts", "app", "List and show the regimes that the learner has told apart."),
    Command(
        "drift", "services.cli.drift", "app", "List and show the drifts that were found; choose the edges of bins."
    ),
    Command(
        "learner",
        "services.cli.learner",
        "app",
        "Freeze, thaw, hurry and retrain the learner by hand; serving goes on.",
    ),
    Command("store", "services.cli.store", "app", "Make the stores again from the topics."),
    Command("topics", "services.cli.topics", "app", "Bring the topics to what a pipeline needs, or list them."),
    Command(
        "doctor",
        "services.cli.doctor",
        "doctor",
        "Check machine, servers and a pipeline; each finding comes with its cure.",
    ),
    Command("dlq", "services.cli.dlq", "app", "List the dead letters, look into one, write their events back."),
    Command(
        "trace",
        "services.cli.trace",
        "trace",
        "Tell one request's story: features, answer, label, batch, versions it shaped.",
    ),
    Command(
        "verify",
        "services.cli.verify",
        "verify",
        "Check that nothing was lost, doubled or made up: from the log and the stores alone.",
    ),
    Command("watch", "services.cli.watch", "watch", "Watch a pipeline: rate, latency, scores, versions, drift."),
)


def assemble(argv: Sequence[str]) -> typer.Typer:
    """Make the application: the commands that `argv` names in full, the others as a line of help."""
    app = typer.Typer(
        name="anabranch",
        help="A learning loop for Kafka and PyTorch: answer, join, learn once, publish, swap.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    app.callback()(_version_option)
    for command in COMMANDS:
        _add(app, command, command.load() if command.name in argv else _outline(command))
    return app


def _add(app: typer.Typer, command: Command, target: CommandFunction | typer.Typer) -> None:
    if isinstance(target, typer.Typer):
        app.add_typer(target, name=command.name)
    else:
        app.command(command.name)(target)


def _outline(command: Command) -> CommandFunction:
    def not_loaded() -> None:
        raise AssertionError(f"{command.name} runs without having been loaded")

    not_loaded.__doc__ = command.help
    return not_loaded


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"anabranch {installed_version('anabranch')}")
        raise typer.Exit


def _version_option(
    version: bool = typer.Option(
        False, "--version", help="Show the version and leave.", is_eager=True, callback=_show_version
    ),
) -> None:
    """Offer --version, which its own callback answers."""
