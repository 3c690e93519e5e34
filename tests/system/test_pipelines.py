"""Nothing in the loop knows about flights: other pipelines, real and generated, get all of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from adapters.local_stack import StackAddresses
from tests.system.laws import (
    check_answered_once,
    check_labels_accounted,
    check_learner,
    check_vectors_against_a_plain_computation,
    check_verified,
    check_versions,
)
from tests.system.running import Run, run_loop
from tests.system.streams import GENERATED, ROOT, electricity, generated

ROWS = 3000


def check_all(run: Run, stack: StackAddresses) -> None:
    check_answered_once(run)
    check_labels_accounted(run)
    check_versions(run, stack)
    check_learner(run)
    check_verified(run, stack, again=False)


@pytest.mark.parametrize("delay", [0, 500])
def test_electricity_with_labels_at_once_and_late(stack: StackAddresses, tmp_path: Path, delay: int) -> None:
    data = yaml.safe_load((ROOT / "pipelines" / "electricity.yaml").read_text())
    data["pipeline"] = f"electricity-{delay}"
    data["learner"] |= {"cadence": 256, "score_window": 500}
    data["replay"] = {"source": "tests.system.streams:electricity", "max_model_lag": "5d"}
    stream = electricity(ROWS, delay)
    run = run_loop(stack, tmp_path, yaml.safe_dump(data), stream)
    check_all(run, stack)
    check_vectors_against_a_plain_computation(run, stream, sample=50)
    delays = run.outcome.examples["label_time"] - run.outcome.examples["request_time"]
    assert np.unique(delays).tolist() == [2 + delay * 1_800_000]


TARGETS = {
    "binary": "{type: binary}",
    "multiclass": "{type: multiclass, classes: 3}",
    "regression": "{type: regression, range: [-100, 100]}",
}
MODELS = {"binary": "river_logistic_regression", "multiclass": "tabular_resnet", "regression": "tabular_resnet"}


@pytest.mark.parametrize("target", list(TARGETS))
def test_a_generated_pipeline_is_learned(stack: StackAddresses, tmp_path: Path, target: str) -> None:
    text = GENERATED.format(name=f"generated-{target}", partitions=2, target=TARGETS[target], model=MODELS[target])
    run = run_loop(stack, tmp_path, text, generated(ROWS, target))
    check_all(run, stack)
    check_vectors_against_a_plain_computation(run, list(generated(ROWS, target)), sample=50)
    better = np.less if run.view.score_name in ("log_loss", "mae") else np.greater
    first, last = run.view.score_history[0][1], run.view.score_history[-1][1]
    assert better(last, first), "it must have learned something"
