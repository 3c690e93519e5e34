"""The house rules that a reader relies on: small files, small functions, pure cores, names that say something."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

CLONE = Path(__file__).parents[2]
PACKAGES = ("schemas", "models", "adapters", "stream_jobs", "services", "pipelines")
SOURCES = sorted(path for package in PACKAGES for path in (CLONE / package).rglob("*.py"))
PURE = [
    path
    for path in SOURCES
    if path.relative_to(CLONE).parts[0] in {"models", "schemas"} or path.name.startswith("core")
]
LONGEST_FILE, LONGEST_FUNCTION = 250, 50
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
CLOCKS = {"time", "monotonic", "perf_counter", "now", "utcnow", "today", "time_ns", "sleep"}
IMPURE_MODULES = {
    "time",
    "random",
    "socket",
    "subprocess",
    "threading",
    "asyncio",
    "requests",
    "redis",
    "confluent_kafka",
}


def named(path: Path) -> str:
    return str(path.relative_to(CLONE))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from the first statement after the docstring to the last."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def imported(tree: ast.AST) -> set[str]:
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return {name.split(".")[0] for name in plain} | {
        (node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
    }


def calls(tree: ast.AST) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_file_and_its_functions_are_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    assert [f.name for f in functions(ast.parse(text)) if lines_of_code(f) > LONGEST_FUNCTION] == []


@pytest.mark.parametrize("path", PURE, ids=named)
def test_pure_code_reads_no_clock_and_no_global_chance(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert imported(tree) & IMPURE_MODULES == set()
    called = calls(tree)
    assert {call for call in called if call.rpartition(".")[2] in CLOCKS and "time" in call} == set()
    assert {
        call
        for call in called
        if call.startswith(("np.random.", "os.environ", "os.getenv"))
        and "Generator" not in call
        and "default_rng" not in call
    } == set()


def test_names_say_something() -> None:
    assert [named(path) for path in SOURCES if path.stem in EMPTY_NAMES or path.parent.name in EMPTY_NAMES] == []


def test_there_are_sources_to_look_at() -> None:
    assert len(SOURCES) > 20
    assert PURE
