"""A command of a person on its way to the learner: a record in the log that it learns from."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Annotated
from uuid import uuid4

import typer

from adapters import local_stack
from adapters.publisher import Publisher
from schemas.commands import Argument, Asked, CommandName, encode_command
from schemas.contracts import Contracts
from schemas.errors import ConfigurationError
from schemas.pipeline_reaction import Action
from schemas.reaction_rules import action_faults
from schemas.topics import topic_name
from services.cli.pipeline_reading import read_contracts
from services.cli.surroundings import read_settings

Reason = Annotated[str, typer.Option("--reason", help="Why; versions and the log will say it.", show_default=False)]


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whose learner is meant, and how it is reached; None: as the settings say."""

    pipeline: Path
    home: Path | None
    bootstrap: str | None
    ordinal: int
    as_json: bool


def send_command(to: Addressee, name: CommandName, reason: str) -> None:
    """Write a command that needs no argument, and say where it is. Blocks until Kafka has it."""
    _send(to, _contracts(to), name, reason, None)


def send_action(to: Addressee, action: Action, reason: str) -> None:
    """Ask the learner to do something; say where that stands, and who says what came of it. Blocks until Kafka has it.

    Raises
    ------
    ConfigurationError
        The pipeline's learner cannot do it.
    """
    contracts = _contracts(to)
    faults = [fault.partition(": ")[2] for fault in action_faults(contracts.pipeline, action)]
    if faults:
        what = ", ".join(action.chosen)
        raise ConfigurationError(
            f"The learner cannot do this ({what}): {'; '.join(faults)}.", "Change it, or ask less."
        )
    _send(to, contracts, "react", reason, Asked(id=uuid4().hex, do=action))


def _contracts(to: Addressee) -> Contracts:
    return read_contracts(to.pipeline, read_settings(home=to.home, bootstrap=to.bootstrap).registry)


def _send(to: Addressee, contracts: Contracts, name: CommandName, reason: str, argument: Argument | None) -> None:
    learners = contracts.pipeline.topics.partitions
    if to.ordinal >= learners:
        raise typer.BadParameter(f"--ordinal {to.ordinal}: each partition has a learner, 0 to {learners - 1}.")
    settings = read_settings(home=to.home, bootstrap=to.bootstrap)
    kafka = settings.bootstrap or local_stack.find_stack(settings.home, redis_url="unused").bootstrap
    topic = topic_name(contracts.pipeline.pipeline, "examples")
    with closing(Publisher(kafka)) as publisher:
        value = encode_command(contracts, name, reason, time() * 1000, argument)
        publisher.send(topic, b"", value, to.ordinal)
        publisher.flush()
    told = {"command": name, "topic": topic, "partition": to.ordinal, "reason": reason}
    if argument is not None:
        told |= argument.model_dump(mode="json", exclude_defaults=True)
    typer.echo(json.dumps(told) if to.as_json else _told(argument, name, f"{topic}/{to.ordinal}"))


def _told(argument: Argument | None, name: CommandName, place: str) -> str:
    if not isinstance(argument, Asked):
        return f"{name} is in {place}: it holds for the examples that come after it."
    what = " and ".join(argument.do.chosen)
    return f"{what} is in {place}: done with the next minibatch; the learner's log says how, or why it could not be."
