"""The benchmark still runs, and its page says what its results say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import CASES, main
from benchmarks.end_to_end.page import page, read_results
from benchmarks.publishing import CLONE

PAGE = CLONE / "docs" / "benchmarks.md"


def test_one_process_is_measured_beside_both_copies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--only", "label_join", "--rows", "20000", "--rounds", "1", "--out", str(tmp_path), "--json"])
    told = json.loads(capsys.readouterr().out)["label_join"]
    assert told == json.loads((tmp_path / "benchmarks" / "results" / "label_join.json").read_text(encoding="utf-8"))
    assert set(told["per_second"]) == {"copy", "copy, transactions", "exactly_once"}
    assert all(found["least"] > 0 for found in told["per_second"].values())
    assert told["rows"] == 20_000
    assert "**label_join**" in (tmp_path / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert (tmp_path / "docs" / "benchmarks.png").stat().st_size > 0


def test_page_is_what_the_results_say() -> None:
    results = read_results(CLONE / "benchmarks" / "results")
    assert {*CASES, "latency"} <= set(results)
    assert PAGE.read_text(encoding="utf-8") == page(results), "run `make bench` and commit what it wrote"


@pytest.mark.parametrize("wrong", [["--only", "predictr"], ["--rounds", "0"], ["--rows", "many"]])
def test_a_mistake_is_told_before_anything_is_started(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2
    assert wrong[1] in capsys.readouterr().err
