"""The bugs by name, with the equations of ``anabranch verify`` that each must break."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.system.bugs import in_the_loop, in_the_state

VARIABLE: Final = "ANABRANCH_TEST_BUG"


@dataclass(frozen=True, slots=True)
class Bug:
    """What puts it in, and what `verify` then says does not hold: one of these, by what the crash falls on.

    `restarts`: whether what crashes is started again. `loses`: whether there are answers that never come.
    """

    put_in: Callable[[], None]
    broken: frozenset[str]
    restarts: bool = True
    loses: bool = False


BUGS: Final = {
    bug.put_in.__name__: bug
    for bug in (
        Bug(in_the_loop.commit_before_produce, frozenset({"requests", "predictions", "features"}), loses=True),
        Bug(in_the_loop.changelog_outside_the_transaction, frozenset({"predictions", "labels"})),
        Bug(in_the_loop.window_counted_twice_after_restore, frozenset({"features"})),
        Bug(in_the_loop.swallowed_exception, frozenset({"requests"}), loses=True),
        Bug(in_the_loop.dropped_dead_letter, frozenset({"labels"})),
        Bug(in_the_state.label_matched_twice, frozenset({"predictions"})),
        Bug(in_the_state.skip_the_dedupe, frozenset({"versions"})),
        Bug(in_the_state.version_number_reused, frozenset({"versions"})),
        Bug(in_the_state.pointer_before_blob, frozenset({"model store"}), restarts=False),
        Bug(in_the_state.half_written_blob, frozenset({"model store"})),
        Bug(in_the_state.random_state_not_saved, frozenset({"versions learned again"})),
        Bug(in_the_state.offsets_outside_the_checkpoint, frozenset({"versions learned again"})),
    )
}
