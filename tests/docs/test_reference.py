"""The pages agree with the code: generated ones to the letter, written ones in every name that they use."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from docs.generate import FOLDER
from docs.generate import PAGES as GENERATED
from schemas.dead_letters import REASONS
from schemas.metrics import METRICS, exported_name
from schemas.settings import Settings
from services.doctor.names import CHECKS
from tests.docs.blocks import CLONE, DOCS, PAGES, named, spans

EXPORTED = {exported_name(process, metric.name) for metric in METRICS for process in metric.processes}
VARIABLES = {f"ANABRANCH_{name.upper()}" for name in Settings.model_fields}
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
FILE = re.compile(r"^[\w.-]+(?:/[\w.-]+)*/?$")


@pytest.mark.parametrize("name", GENERATED)
def test_page_is_what_the_code_says(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == GENERATED[name](), "run `make docs` and commit what it wrote"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_names_in_prose_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert {m for m in re.findall(r"\banabranch_[a-z_]+\b", text) if m not in EXPORTED} - {"anabranch_"} == set()
    assert set(re.findall(r"\bANABRANCH_[A-Z_]+\b", text)) - VARIABLES - {"ANABRANCH_"} == set()


@pytest.mark.parametrize("page", sorted((DOCS / "runbooks").glob("*.md")), ids=named)
def test_runbook_names_checks_and_reasons_that_there_are(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"[Cc]heck `([^`]+)`", text)) <= CHECKS.keys()
    reasons = {s for s in spans(text) if s.endswith(("_request", "_label", "_event", "_jump")) and "." not in s}
    assert reasons <= REASONS.keys()


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "README.md", "ARCHITECTURE.md"])
def test_files_named_at_the_root_exist(name: str) -> None:
    text = (CLONE / name).read_text(encoding="utf-8")
    named_files = {span for span in spans(text) if FILE.match(span) and ("/" in span) and not span.startswith(".venv")}
    named_files |= {link for link in LINK.findall(text) if "://" not in link}
    missing = {file for file in named_files if not (CLONE / file).exists()}
    assert missing == set()


def test_every_page_is_in_the_navigation() -> None:
    def pages(node: object) -> set[str]:
        if isinstance(node, str):
            return {node}
        children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
        return {page for child in children for page in pages(child)}

    nav = pages(yaml.safe_load((CLONE / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])
    written = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}
    assert nav == {page for page in written if not page.startswith("adr/0")}


def test_site_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=CLONE, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    home = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "fonts.g" not in home
