"""The command line, from the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperArgument, TyperGroup

from docs.reference_pages.markdown import code, fenced, page, table
from services.cli.assembly import COMMANDS, assemble

MARKUP = re.compile(r"\[/?bold\]")


def commands() -> str:
    """Every command with its arguments and flags."""
    root = typer.main.get_command(assemble([command.name for command in COMMANDS]))
    intro = "`anabranch COMMAND --help` says the same. Flags win over the `ANABRANCH_*` variables of the settings."
    return page(
        "Command line", intro, *(block for path, one in _leaves(root, "anabranch") for block in _one(path, one))
    )


def _leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            yield from _leaves(child, f"{path} {name}")
    else:
        yield path, command


def _one(path: str, command: Any) -> list[str]:
    text, _, example = MARKUP.sub("", command.help or "").partition("Example:")
    rows = [_parameter(parameter) for parameter in command.params if parameter.name != "help"]
    blocks = [f"## {path}", " ".join(text.split()), fenced(" ".join(example.split()), "console")]
    return blocks + ([table(["", "meaning", "default"], rows)] if rows else [])


def _parameter(parameter: Any) -> list[str]:
    if isinstance(parameter, TyperArgument):
        name = parameter.name.upper()
        shown = name if parameter.required else f"[{name}]"
    else:
        shown = max(parameter.opts, key=len)
    default = parameter.default
    plain = isinstance(default, str | int | float | bool) or hasattr(default, "as_posix")
    return [code(shown), parameter.help or "", code(str(default)) if plain and default not in ("", False) else "–"]
