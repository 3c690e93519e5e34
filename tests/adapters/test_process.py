from __future__ import annotations

import gc
import os
import signal
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from adapters.health import Health
from adapters.local_stack import StackAddresses
from adapters.process import frozen_setup, running
from adapters.process_files import process_files
from schemas.contracts import contracts_of
from schemas.errors import ConfigurationError
from schemas.pipeline_file import parse_pipeline
from services.cli.surroundings import read_settings

FILE = Path(__file__).parents[2] / "pipelines" / "electricity.yaml"
CONTRACTS = contracts_of(parse_pipeline(FILE.read_text(), str(FILE)))
NOWHERE = StackAddresses("127.0.0.1:1", "redis://127.0.0.1:1/0")


def fetch(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_a_process_can_be_found_and_asked_while_it_runs(tmp_path: Path) -> None:
    with running("predictor", CONTRACTS, read_settings(home=tmp_path), NOWHERE) as context:
        (file,) = process_files(tmp_path)
        assert (file.process, file.pid) == ("predictor", os.getpid())
        assert fetch(file.port, "/readyz") == (503, "starting\n")
        assert "anabranch_predictor_ready_ratio 0.0" in fetch(file.port, "/metrics")[1]
        context.health.ready(True)
        assert fetch(file.port, "/readyz")[0] == 200
        assert fetch(file.port, "/livez")[0] == 200
        context.metrics.count("batches_total", 3)
        assert "anabranch_predictor_ready_ratio 1.0" in fetch(file.port, "/metrics")[1]
        assert "anabranch_predictor_batches_total 3.0" in fetch(file.port, "/metrics")[1]
    assert process_files(tmp_path) == ()


def test_sigterm_asks_it_to_stop_and_handlers_come_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with running("predictor", CONTRACTS, read_settings(home=tmp_path), NOWHERE) as context:
        os.kill(os.getpid(), signal.SIGTERM)
        assert context.stop.wait(10)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_taken_port_is_named_with_its_cure(tmp_path: Path) -> None:
    with running("predictor", CONTRACTS, read_settings(home=tmp_path), NOWHERE):
        (file,) = process_files(tmp_path)
        second = read_settings(home=tmp_path, http_port=file.port, ordinal=1)
        with pytest.raises(ConfigurationError, match="--http-port"), running("predictor", CONTRACTS, second, NOWHERE):
            pass


def test_a_silent_loop_is_not_alive() -> None:
    now = [0.0]
    health = Health(clock=lambda: now[0], silence=30.0)
    now[0] = 1000.0
    assert health.liveness.ok, "before the first beat there is no loop to be silent"
    health.beat()
    now[0] = 1031.0
    assert not health.liveness.ok


def test_setup_is_frozen_while_the_process_works_and_thawed_for_its_end() -> None:
    with frozen_setup():
        assert gc.get_freeze_count() > 0
        with frozen_setup():
            assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0
