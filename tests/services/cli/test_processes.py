"""`anabranch start --stay` starts again what ends, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from adapters.local_stack import StackAddresses
from adapters.local_stack.processes import is_alive
from adapters.process_files import ProcessFile, running_processes
from adapters.topics_admin import apply_topics
from schemas.pipeline_file import parse_pipeline
from tests.kafka_topics import await_true
from tests.system.streams import GENERATED, ROOT


def test_a_killed_process_is_started_again_and_all_end_with_the_command(stack: StackAddresses, tmp_path: Path) -> None:
    file, home = tmp_path / "pipeline.yaml", tmp_path / "home"
    file.write_text(GENERATED.format(name="stay", partitions=1, target="{type: binary}", model="tabular_resnet"))
    apply_topics(parse_pipeline(file.read_text(), str(file)), stack.bootstrap)
    where = ["--home", str(home), "--bootstrap", stack.bootstrap, "--redis", stack.redis_url]
    command = [sys.executable, "-m", "services.cli", "start", str(file), "--process", "label_join", "--stay", *where]

    def running() -> list[ProcessFile]:
        return list(running_processes(home, "stay"))

    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as staying:
        try:
            await_true(lambda: len(running()) == 1)
            (first,) = running()
            os.kill(first.pid, signal.SIGKILL)
            await_true(lambda: [f.pid for f in running()] not in ([], [first.pid]))
            (second,) = running()
        finally:
            staying.send_signal(signal.SIGTERM)
        _, said = staying.communicate(timeout=60)
    assert staying.returncode == 0, said
    assert "label_join had ended and was started again" in said
    assert not is_alive(second.process_id)
