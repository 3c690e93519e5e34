"""Setting up a fresh clone: what is missing is named with its cure, and what is installed is pinned."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

CLONE = Path(__file__).parents[2]
SETUP = CLONE / "deploy" / "setup"
OLD_PYTHON = '#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.18" && exit 0\nexit 1\n'


def program(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def run(script: str, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", str(SETUP / script), *words]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)


def test_python_that_fits_is_found() -> None:
    done = run("find_python.sh", PYTHON=sys.executable, PATH="")
    assert (done.returncode, done.stdout.strip()) == (0, sys.executable)


def test_old_python_is_named_with_its_cure(tmp_path: Path) -> None:
    program(tmp_path, "python3", OLD_PYTHON)
    done = run("find_python.sh", PATH=str(tmp_path))
    assert done.returncode == 3
    assert "found: Python 3.9.18" in done.stderr
    assert "cure:" in done.stderr


def test_no_python_is_named_with_its_cure(tmp_path: Path) -> None:
    done = run("find_python.sh", PATH=str(tmp_path))
    assert done.returncode == 3
    assert "found: none" in done.stderr


def test_given_python_that_does_not_fit_is_refused_though_another_would_fit(tmp_path: Path) -> None:
    old = program(tmp_path, "old", OLD_PYTHON)
    done = run("find_python.sh", PYTHON=str(old), PATH=str(Path(sys.executable).parent))
    assert done.returncode == 3
    assert str(old) in done.stderr


def test_python_without_venv_is_named_with_its_cure(tmp_path: Path) -> None:
    bare = program(tmp_path, "python3", "#!/bin/sh\nexit 1\n")
    done = run("install_uv.sh", str(bare), str(tmp_path / "uv"), PATH="/usr/bin:/bin")
    assert done.returncode == 3
    assert "python3-venv" in done.stderr


def test_every_target_is_listed_by_help() -> None:
    makefile = (CLONE / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.M))
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.M)
    assert phony
    assert targets == set(phony[1].split())


def test_lock_pins_every_package_by_hash_and_names_no_address() -> None:
    lock = (CLONE / "requirements.lock").read_text(encoding="utf-8")
    packages = re.findall(r"^([a-z0-9._-]+)==.*?(?=^[a-z0-9._-]+==|\Z)", lock, re.M | re.S)
    pinned = re.findall(r"^([a-z0-9._-]+)==[^\\]*\\\n    --hash=sha256:[0-9a-f]{64}", lock, re.M)
    assert len(packages) > 100
    assert packages == pinned
    assert "://" not in lock


@pytest.mark.parametrize("step", ["make lint", "make test"])
def test_a_change_must_pass(step: str) -> None:
    assert step in (CLONE / ".ci" / "run").read_text(encoding="utf-8").splitlines()
