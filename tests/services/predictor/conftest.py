"""What the tests of the predictor's job begin with."""

from __future__ import annotations

import pytest

from tests.services.predictor.job_world import World
from tests.services.predictor.world import NOON, contracts, write_windows


@pytest.fixture
def world() -> World:
    made = World(contracts())
    write_windows(made.store, made.contracts, NOON)
    return made
