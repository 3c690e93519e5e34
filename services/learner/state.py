"""The learner's whole state, and its form in a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Protocol

from models.error_watch import ErrorWatch
from models.freeze import Guard
from models.gate_court import Court
from models.protocol import Json, ServableLearner, Snapshot
from models.reaction import RuleState
from models.tensor_bytes import decode_snapshot, encode_snapshot
from models.trusted_holdout import TrustedHoldout
from schemas.commands import Command
from schemas.errors import ConfigurationError, DataError
from schemas.examples import Examples, no_examples
from services.learner.challenger import Challenger, blank_challenger
from services.learner.plan import Plan
from services.learner.reaction_state import ReactionState
from services.learner.scores import Scores

_FORMAT = 1


class Kept(Protocol):
    """What a checkpoint keeps."""

    def snapshot(self) -> Snapshot:
        """All of its state."""
        ...

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where learning stands in the log.

    Attributes
    ----------
    next_offset : int
        After the last example learned.
    examples : int
        Learned since the beginning.
    number : int
        The last version number used; 0: none.
    parent : int
        The last version that was admitted; 0: none.
    first_offset : int
        First example learned since the parent; -1: none yet.
    trained_through : float
        Event time, ms since 1970, of the newest label learned; 0: none yet.
    """

    next_offset: int = 0
    examples: int = 0
    number: int = 0
    parent: int = 0
    first_offset: int = -1
    trained_through: float = 0.0


@dataclass(frozen=True, slots=True)
class State:
    """All that decides what comes next, at the end of a minibatch; `waiting` examples do not fill one yet.

    `learner`, `scores`, `court`, `holdout`, `alarms` and `challenger` learn in place: a state that was handed on must
    not be used again. There is a court if the gate compares candidates with a champion, a holdout if some labellers are
    trusted, and alarms if detectors watch the errors; a challenger while one stands beside the learner.
    """

    place: Place
    learner: ServableLearner
    scores: Scores
    waiting: Examples
    court: Court | None = None
    guard: Guard | None = None
    by_hand: str | None = None
    commands: tuple[Command, ...] = ()
    challenger: Challenger | None = None
    reactions: ReactionState = field(default_factory=ReactionState)
    holdout: TrustedHoldout | None = None
    alarms: ErrorWatch | None = None


def first_state(plan: Plan, learner: ServableLearner) -> State:
    """State before the first example."""
    court = None if plan.bank is None else Court(plan.bank)
    guard = None if plan.limits is None else Guard()
    scores = Scores(plan.layout, plan.score_window)
    holdout = None if plan.trusted is None else TrustedHoldout(plan.trusted)
    return State(
        Place(),
        learner,
        scores,
        no_examples(plan.layout),
        court,
        guard,
        holdout=holdout,
        reactions=rules_of(plan),
        alarms=ErrorWatch(plan.alarms) if plan.alarms else None,
    )


def rules_of(plan: Plan) -> ReactionState:
    """Nothing has happened yet to any rule."""
    return ReactionState(tuple(RuleState() for _ in plan.rules))


def encode_state(plan: Plan, state: State) -> bytes:
    """Write a state without what waits."""
    parts = {name: part.snapshot() for name, part in _parts(state).items()}
    tensors = {f"{part}/{name}": t for part, snapshot in parts.items() for name, t in snapshot.tensors.items()}
    manifest: Json = {
        "format": _FORMAT,
        "fingerprint": plan.fingerprint,
        "place": {f.name: getattr(state.place, f.name) for f in fields(Place)},
        **{part: snapshot.manifest for part, snapshot in parts.items()},
        "reactions": state.reactions.as_json(),
        **({} if state.guard is None else {"guard": state.guard.as_json()}),
        **({} if state.by_hand is None else {"by_hand": state.by_hand}),
    }
    return encode_snapshot(Snapshot(tensors, manifest))


def decode_state(plan: Plan, learner: ServableLearner, payload: bytes) -> State:
    """Read a state into a new learner.

    Parameters
    ----------
    learner : ServableLearner
        Made from the same pipeline file, as for the beginning.

    Raises
    ------
    ConfigurationError
        The pipeline file has changed in what the state depends on.
    DataError
        These bytes are no state.
    """
    whole = decode_snapshot(payload)
    if (whole.manifest.get("format"), whole.manifest.get("fingerprint")) != (_FORMAT, plan.fingerprint):
        raise ConfigurationError(
            "The checkpoint was made with another vector, model, learner or gate than the pipeline file has now.",
            "Take the old pipeline file back, or learn under a new pipeline name.",
        )
    state = first_state(plan, learner)
    if "challenger" in whole.manifest:
        state = replace(state, challenger=blank_challenger(plan.new_learner(), plan.loss))
    try:
        for name, part in _parts(state).items():
            # Detectors that change no weights may be named later: they begin where the checkpoint stands.
            if name in whole.manifest or name != "alarms":
                part.restore(_part(whole, name))
        place = Place(**whole.manifest["place"])
        guard = None if state.guard is None else Guard.from_json(whole.manifest["guard"])
        reactions = _reactions_of(state, whole)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError, RuntimeError) as error:
        raise DataError(
            f"The checkpoint does not hold a learner's state: {error!r}.",
            "Remove the checkpoints' folder: it then learns anew from the log.",
        ) from error
    return replace(state, place=place, guard=guard, by_hand=whole.manifest.get("by_hand"), reactions=reactions)


def _reactions_of(state: State, whole: Snapshot) -> ReactionState:
    """Read what is known of reactions; nothing is in a checkpoint from before there were any."""
    told = whole.manifest.get("reactions")
    found = state.reactions if told is None else ReactionState.from_json(told)
    if len(found.rules) != len(state.reactions.rules):
        raise ValueError(f"{len(found.rules)} rules are not the {len(state.reactions.rules)} of the pipeline file")
    return found


def _parts(state: State) -> dict[str, Kept]:
    parts: dict[str, Kept] = {"learner": state.learner, "scores": state.scores}
    kept: dict[str, Kept | None] = {
        "court": state.court,
        "holdout": state.holdout,
        "challenger": state.challenger,
        "alarms": state.alarms,
    }
    return {**parts, **{name: part for name, part in kept.items() if part is not None}}


def _part(whole: Snapshot, name: str) -> Snapshot:
    tensors = {key.removeprefix(f"{name}/"): t for key, t in whole.tensors.items() if key.startswith(f"{name}/")}
    return Snapshot(tensors, whole.manifest[name])
