"""The bugs by name, with the equation of ``anabranch verify`` that each must break."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.system.bugs import in_the_loop, in_the_state

VARIABLE: Final = "ANABRANCH_TEST_BUG"


@dataclass(frozen=True, slots=True)
class Bug:
    """What puts it in, into which process, and what `verify` then says does not hold."""

    put_in: Callable[[], None]
    process: str
    broken: str


BUGS: Final = {
    bug.put_in.__name__: bug
    for bug in (
        Bug(in_the_loop.commit_before_produce, "predictor", "requests"),
        Bug(in_the_loop.changelog_outside_the_transaction, "label_join", "predictions"),
        Bug(in_the_loop.window_counted_twice_after_restore, "feature_windows", "features"),
        Bug(in_the_loop.swallowed_exception, "predictor", "requests"),
        Bug(in_the_loop.dropped_dead_letter, "label_join", "labels"),
        Bug(in_the_state.label_matched_twice, "label_join", "predictions"),
        Bug(in_the_state.skip_the_dedupe, "learner", "versions"),
        Bug(in_the_state.version_number_reused, "learner", "versions"),
        Bug(in_the_state.pointer_before_blob, "learner", "model store"),
        Bug(in_the_state.half_written_blob, "learner", "model store"),
        Bug(in_the_state.random_state_not_saved, "learner", "versions learned again"),
        Bug(in_the_state.offsets_outside_the_checkpoint, "learner", "versions learned again"),
    )
}
