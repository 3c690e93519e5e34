"""Every command is there, says what it does with an example, and costs nothing until it is named."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from services.cli.assembly import COMMANDS, Command, assemble

by_name = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)


@by_name
def test_help_line_is_what_the_command_says_of_itself(command: Command) -> None:
    target = command.load()
    said = target.info.help if isinstance(target, typer.Typer) else target.__doc__
    assert isinstance(said, str)
    assert said.strip().splitlines()[0] == command.help


@by_name
def test_help_of_a_command_has_an_example(command: Command) -> None:
    names = [command.name]
    target = command.load()
    lines = (
        [[command.name, str(sub.name)] for sub in target.registered_commands]
        if isinstance(target, typer.Typer)
        else [names]
    )
    for argv in lines:
        shown = CliRunner().invoke(assemble(argv), [*argv, "--help"])
        assert shown.exit_code == 0
        assert f"anabranch {' '.join(argv)}" in shown.stdout.partition("Example")[2]


def test_command_names_are_unique() -> None:
    assert len({command.name for command in COMMANDS}) == len(COMMANDS)


def test_help_imports_neither_torch_nor_kafka_nor_redis() -> None:
    program = (
        "import sys; from services.cli import execute; code = execute(['--help']);"
        "heavy = {'torch', 'confluent_kafka', 'redis', 'river', 'faust', 'pydantic', 'numpy'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy or code else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(command.name in done.stdout for command in COMMANDS)
