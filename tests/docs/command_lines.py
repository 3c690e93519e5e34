"""Reading command lines without running them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperGroup

from services.cli.assembly import assemble
from tests.docs.blocks import CLONE, Block

MAKEFILE = (CLONE / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.M))
THROUGH_MAKE = {"demo", "up", "down", "status"}
"""Targets that hand their ARGS to the command of the same name."""
OTHER_PROGRAMS = {"export", "kcat"}


def lines_of(block: Block) -> Iterator[list[str]]:
    """Words of each command in a block, without comments."""
    for line in block.text.replace("\\\n", " ").splitlines():
        if words := shlex.split(line.strip().removeprefix("$ "), comments=True):
            yield words


def check_line(words: list[str]) -> None:
    """Raise if a command, flag, argument or target does not exist; other programs must be known ones."""
    program, *rest = words
    if program.removeprefix(".venv/bin/") == "anabranch":
        parse(rest)
    elif program == "make":
        _check_make(rest)
    else:
        assert program in OTHER_PROGRAMS, f"{program}: neither ours nor a program that these pages may use"


def parse(words: list[str]) -> None:
    """Parse as the command line would."""
    command, path, rest = resolve(words)
    command.make_context(" ".join(path), rest)


def resolve(words: list[str]) -> tuple[Any, list[str], list[str]]:
    """Walk down the groups: the command, the words that name it, and those after them."""
    command: Any = typer.main.get_command(assemble(words))
    path: list[str] = []
    while isinstance(command, TyperGroup) and len(path) < len(words) and not words[len(path)].startswith("-"):
        word = words[len(path)]
        assert word in command.commands, f"anabranch {' '.join([*path, word])}: there is no such command"
        command, path = command.commands[word], [*path, word]
    return command, path, words[len(path) :]


def check_mention(words: list[str]) -> None:
    """Raise if a command or flag named in prose does not exist; arguments may be left out there."""
    command, _, rest = resolve([word for word in words if not word.startswith(("<", "{", "…"))])
    known = {flag for parameter in command.params for flag in parameter.opts} | {"--help", "--version"}
    unknown = [word for word in rest if word.startswith("--") and word.partition("=")[0] not in known]
    assert not unknown, f"anabranch {' '.join(words)}: there is no {unknown}"


def _check_make(words: list[str]) -> None:
    arguments = {word.partition("=")[0]: word.partition("=")[2] for word in words if "=" in word}
    targets = [word for word in words if "=" not in word]
    assert set(targets) <= TARGETS, f"make {targets}: known are {sorted(TARGETS)}"
    given = shlex.split(arguments.get("ARGS", ""))
    for target in targets:
        if target in THROUGH_MAKE:
            parse([target, *given])
        elif target == "test":
            assert all((CLONE / word).exists() for word in given if not word.startswith("-"))
