"""Who may open a socket, what an import may do, and what a tracked file may name."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CLONE = Path(__file__).parents[2]
PACKAGES = ("schemas", "models", "adapters", "stream_jobs", "services", "pipelines")
OUTSIDE_ADAPTERS = sorted(
    path for package in PACKAGES if package != "adapters" for path in (CLONE / package).rglob("*.py")
)
OPENS_SOCKETS = {
    "aiohttp",
    "confluent_kafka",
    "fastapi",
    "ftplib",
    "http",
    "httpx",
    "redis",
    "requests",
    "smtplib",
    "socket",
    "socketserver",
    "ssl",
    "uvicorn",
    "urllib3",
}
OPENS_SOCKETS_WITHIN = {"urllib.request", "prometheus_client.exposition"}

# Names are put together from pieces, so that this file does not name them itself.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("repo1", "maven"),
        ("repo", "maven", "apache"),
        ("npmjs", "org"),
        ("docker", "io"),
        ("ghcr", "io"),
        ("crates", "io"),
        ("proxy", "golang"),
        ("conda", "anaconda"),
    )
]
MACHINE_PATH = re.compile("(?<![A-Za-z0-9_.~-])/(?:home|Users|root|work|mnt)/[A-Za-z0-9_]")
IMPORTED_ALL = """
import importlib, pkgutil, sys, threading
sys.dont_write_bytecode = True
before = None

def names(package):
    root = importlib.import_module(package)
    yield package
    for found in pkgutil.walk_packages(root.__path__, package + "."):
        if not found.name.endswith("__main__"):
            yield found.name

# Their own affair: what third parties do at import happens before the traps are set.
for foreign in {foreign!r}:
    importlib.import_module(foreign)
threads = set(threading.enumerate())

def trap(event, arguments):
    if event in ("socket.bind", "socket.connect", "subprocess.Popen", "os.posix_spawn", "os.putenv"):
        where = sys._getframe(1)
        raise AssertionError(f"{event} while importing, by {where.f_code.co_filename}")

sys.addaudithook(trap)
modules = [name for package in {packages!r} for name in names(package)]
for name in modules:
    importlib.import_module(name)
left = set(threading.enumerate()) - threads
assert not left, f"threads started at import: {left}"
print(len(modules))
"""
FOREIGN = (
    "confluent_kafka.admin",
    "confluent_kafka.schema_registry.avro",
    "faust.transport.drivers.aiokafka",
    "matplotlib.pyplot",
    "redis",
    "rich.live",
    "river.linear_model",
    "river.tree",
    "scipy.stats",
    "torch",
    "typer",
)


def named(path: Path) -> str:
    return path.relative_to(CLONE).as_posix()


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def opens_sockets(module: str) -> bool:
    return module.split(".")[0] in OPENS_SOCKETS or module in OPENS_SOCKETS_WITHIN


@pytest.mark.parametrize("path", OUTSIDE_ADAPTERS, ids=named)
def test_only_adapters_can_open_a_socket(path: Path) -> None:
    assert {module for module in imports(path) if opens_sockets(module)} == set()


def test_sockets_are_opened_somewhere() -> None:
    assert any(opens_sockets(m) for path in (CLONE / "adapters").rglob("*.py") for m in imports(path))


@pytest.mark.timeout(240)
def test_importing_everything_builds_nothing() -> None:
    program = IMPORTED_ALL.replace("{foreign!r}", repr(FOREIGN)).replace("{packages!r}", repr(PACKAGES))
    done = subprocess.run([sys.executable, "-c", program], cwd=CLONE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout.split()[-1]) > 100


def tracked_texts() -> list[Path]:
    """Files under version control, or all sources where this is no checkout."""
    if shutil.which("git") and (CLONE / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=CLONE, capture_output=True, text=True, check=True)
        found = [CLONE / name for name in listed.stdout.split("\0") if name]
    else:
        found = [path for package in (*PACKAGES, "tests", "docs", "deploy") for path in (CLONE / package).rglob("*")]
    return [path for path in found if path.is_file() and b"\0" not in path.read_bytes()[:4096]]


def test_no_file_names_a_package_registry() -> None:
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in tracked_texts()}
    assert len(texts) > 100
    assert {(named(p), host) for p, text in texts.items() for host in REGISTRIES if host in text} == set()


def test_no_file_names_a_path_of_one_machine() -> None:
    found = {
        (named(path), match[0])
        for path in tracked_texts()
        for match in MACHINE_PATH.finditer(path.read_text(encoding="utf-8", errors="replace"))
    }
    assert found == set()
