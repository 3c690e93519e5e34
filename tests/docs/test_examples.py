"""Every example in the documentation works: YAML validates, and Python runs on real servers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.local_stack import StackAddresses
from adapters.topics_admin import apply_topics
from schemas.contracts import contracts_of
from schemas.errors import ConfigurationError
from schemas.pipeline import Pipeline
from schemas.pipeline_file import parse_pipeline
from schemas.topics import topic_name
from services.cli.pipelines import template
from tests.docs.blocks import PAGES, Block, blocks, blocks_of, named

NAME = "card-fraud"
CHECKED = {"yaml", "console", "python"}
LOOKED_AT = {"text", "mermaid"}
PYTHON_PAGES = [page for page in PAGES if any(block.language == "python" for block in blocks_of(page))]


def completed(text: str) -> str:
    """A whole pipeline as it is; a piece in the place of the same sections of what `pipelines init` writes."""
    piece: dict[str, Any] = yaml.safe_load(text)
    return text if "pipeline" in piece else yaml.safe_dump({**yaml.safe_load(template(NAME)), **piece})


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_yaml_is_a_pipeline_or_a_piece_of_one(block: Block) -> None:
    parse_pipeline(completed(block.text), str(block))


def test_wrong_piece_would_be_found() -> None:
    with pytest.raises(ConfigurationError, match="lerner"):
        parse_pipeline(completed("lerner: {batch: 32}"), "x.yaml")


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_block_says_what_it_is_written_in(page: Path) -> None:
    assert {block.language for block in blocks_of(page)} <= CHECKED | LOOKED_AT


@pytest.fixture
def pipeline(tmp_path: Path, stack: StackAddresses, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """What a reader has by then: the file that `pipelines init` writes, its topics, and the servers' addresses."""
    file = tmp_path / "pipelines" / f"{NAME}.yaml"
    file.parent.mkdir()
    file.write_text(template(NAME), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANABRANCH_BOOTSTRAP", stack.bootstrap)
    monkeypatch.setenv("ANABRANCH_REDIS", stack.redis_url)
    found = parse_pipeline(template(NAME), str(file))
    apply_topics(found, stack.bootstrap)
    return found


@pytest.mark.parametrize("page", PYTHON_PAGES, ids=named)
def test_python_runs_from_the_top_of_the_page(page: Path, pipeline: Pipeline) -> None:
    space: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks_of(page):
        if block.language == "python":
            exec(compile("\n" * block.line + block.text, str(page), "exec"), space)


def test_what_the_example_sends_is_what_the_loop_reads(pipeline: Pipeline, stack: StackAddresses) -> None:
    from adapters.tail import Tail

    page = next(page for page in PYTHON_PAGES if page.name == "your-own-stream.md")
    exec(next(block.text for block in blocks_of(page) if block.language == "python"), {})
    contracts = contracts_of(pipeline)
    sent = {"requests": "Request", "features": "payment", "labels": "Label"}
    for role, record in sent.items():
        rows = 0
        with Tail(stack.bootstrap, [topic_name(NAME, role)]) as tail:  # type: ignore[arg-type]
            while not tail.is_at_end:
                for records in tail.read():
                    decoded = contracts.decode(records.values, (record,))
                    assert decoded.faults == ()
                    rows += len(records.values)
        assert rows > 0
