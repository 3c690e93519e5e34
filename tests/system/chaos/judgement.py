"""What must hold after a trial."""

from __future__ import annotations

import numpy as np

from adapters.local_stack import StackAddresses
from schemas.status import Status
from tests.system.laws import (
    check_answered_once,
    check_labels_accounted,
    check_learner,
    check_verified,
    check_versions,
)
from tests.system.running import Run


def check_trial(run: Run, addresses: StackAddresses) -> None:
    """Every law of a finished run: none lost, none doubled, versions that rise, and the digests of a calm learner."""
    check_answered_once(run)
    check_labels_accounted(run)
    check_versions(run, addresses)
    check_learner(run)
    check_verified(run, addresses)


def kept_vectors(run: Run) -> dict[bytes, bytes]:
    """Vectors of the answers that promise to stand on the windows of the request's time."""
    predictions = run.outcome.predictions
    rows = np.flatnonzero(predictions["status"] == Status.OK)
    return {bytes(predictions["request_id"][row]): predictions["features"][row].tobytes() for row in rows}
