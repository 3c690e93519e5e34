"""Doing it: each disturbance is a generator that yields while it waits, and returns what came of it."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from adapters import local_stack
from adapters.local_stack import StackOptions
from adapters.local_stack.processes import is_alive, kill
from adapters.local_stack.state import load_state
from adapters.loop.client_settings import SESSION_TIMEOUT_MS, TRANSACTION_TIMEOUT_MS
from adapters.supervisor import Child, last_lines
from services.cli.session import Session
from tests.system.chaos.pulse import Expected, Pulse
from tests.system.chaos.schedule import SERVERS, Disturbance, Process, Server, Target

FROZEN_S = max(SESSION_TIMEOUT_MS, TRANSACTION_TIMEOUT_MS) / 1000 + 3.0
"""Longer than the group waits for a silent member, and than a transaction may stay open."""
PATIENCE_S = 150.0
"""No bound that anybody should come near to: machines are shared."""
LEAVING = ("has taken the place of", "Another process", "Another learner works", "Faust gave up")
FULL = ("cannot be written",)


@dataclass(frozen=True, slots=True)
class Recovered:
    """What came of a disturbance.

    Parameters
    ----------
    recovered_s : float
        From the disturbance (for one that was frozen, from its waking; for a full disk, from room) to a sign of life.
    exit_code : int or None
        Of the process that had to leave; None if none had to.
    said : str
        Why, in its own words.
    """

    recovered_s: float
    exit_code: int | None = None
    said: str = ""


Ordeal = Generator[None, None, Recovered]


@dataclass(frozen=True, slots=True)
class Scene:
    """What is disturbed, and from where it is watched."""

    session: Session
    pulse: Pulse
    stack: Path
    options: StackOptions

    def runs(self, target: Target) -> bool:
        """Whether it can be disturbed: a process may just have ended by itself, since the broker was away for long."""
        running = [c.name for c in self.session.supervisor.children if is_alive(c.process)]
        return target in (*running, *SERVERS)


def ordeal(scene: Scene, disturbance: Disturbance) -> Ordeal:
    """Begin a disturbance."""
    target = disturbance.target
    if target == "kafka" or target == "redis":
        return _kill_server(scene, target)
    doing: dict[str, Callable[[Scene, Process], Ordeal]] = {
        "kill": _kill,
        "freeze": _freeze,
        "succeed": _succeed,
        "twins": _twins,
        "full_disk": _full_disk,
    }
    return doing[disturbance.kind](scene, target)


def _kill(scene: Scene, name: Process) -> Ordeal:
    scene.session.supervisor.kill(name)
    since_ms = _now_ms()
    scene.session.start(name)
    return Recovered((yield from _sign(scene, name, since_ms)))


def _kill_server(scene: Scene, name: Server) -> Ordeal:
    kill(load_state(scene.stack)[name].process)
    since_ms = _now_ms()
    yield from _in_a_thread(lambda: local_stack.up(scene.stack, options=scene.options))
    return Recovered((yield from _sign(scene, name, since_ms)))


def _freeze(scene: Scene, name: Process) -> Ordeal:
    (pid,) = [c.process.pid for c in scene.session.supervisor.children if c.name == name]
    os.kill(pid, signal.SIGSTOP)
    yield from _pass(FROZEN_S)
    os.kill(pid, signal.SIGCONT)
    return Recovered((yield from _sign(scene, name, _now_ms())))


def _succeed(scene: Scene, name: Process) -> Ordeal:
    zombie = scene.session.supervisor.let_go(name)
    os.kill(zombie.process.pid, signal.SIGSTOP)
    since_ms = _now_ms()
    scene.session.start(name)
    recovered_s = yield from _sign(scene, name, since_ms)
    yield from _pass(FROZEN_S - (_now_ms() - since_ms) / 1000)
    before = zombie.log.stat().st_size
    os.kill(zombie.process.pid, signal.SIGCONT)
    (gone,) = yield from _leaving([zombie])
    return Recovered(recovered_s, gone.code, _words(zombie, before, LEAVING))


def _twins(scene: Scene, name: Process) -> Ordeal:
    supervisor = scene.session.supervisor
    log = supervisor.let_go(name)
    kill(log.process)
    since_ms, before = _now_ms(), log.log.stat().st_size
    # Whoever stays may give it before the other has left.
    sign = scene.pulse.expect(name, since_ms)
    for _ in range(2):
        scene.session.start(name)
    twins = [supervisor.let_go(name) for _ in range(2)]
    gone = yield from _leaving(twins)
    for child in twins:
        if child not in [g.child for g in gone]:
            supervisor.take_in(child)
    if len(gone) == len(twins):  # each has fenced the other: as whoever looks after them would, begin anew
        scene.session.start(name)
    recovered_s = yield from _given(scene, sign)
    return Recovered(recovered_s, gone[0].code, _words(log, before, LEAVING))


def _full_disk(scene: Scene, name: Process) -> Ordeal:
    supervisor = scene.session.supervisor
    child = supervisor.let_go(name)
    before = child.log.stat().st_size
    room = _newest_checkpoint(scene.session.home).stat().st_size // 2
    assert before + 4096 < room, "the log must still be written"
    resource.prlimit(child.process.pid, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    (gone,) = yield from _leaving([child])
    since_ms = _now_ms()
    scene.session.start(name)
    return Recovered((yield from _sign(scene, name, since_ms)), gone.code, _words(child, before, FULL))


def _newest_checkpoint(home: Path) -> Path:
    return max((home / "learner").rglob("*.checkpoint"), key=lambda file: file.name)


@dataclass(frozen=True, slots=True)
class _Gone:
    child: Child
    code: int


def _leaving(children: list[Child]) -> Generator[None, None, list[_Gone]]:
    """Wait until one of ours has ended; return all that have."""
    deadline = time.monotonic() + PATIENCE_S
    while not (gone := [_Gone(c, code) for c in children if (code := _exit_code(c.process.pid)) is not None]):
        assert time.monotonic() < deadline, f"{children[0].name} stayed:\n{last_lines(children[0].log, 40)}"
        yield
    return gone


def _exit_code(pid: int) -> int | None:
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def _words(child: Child, before: int, known: tuple[str, ...]) -> str:
    """What was said in a log after a place in it, of what is known to be said."""
    with child.log.open("rb") as log:
        log.seek(before)
        lines = log.read().decode(errors="replace").splitlines()
    return next((line.strip() for line in lines if any(words in line for words in known)), "")


def _sign(scene: Scene, of: Target, since_ms: float) -> Generator[None, None, float]:
    return (yield from _given(scene, scene.pulse.expect(of, since_ms)))


def _given(scene: Scene, expected: Expected) -> Generator[None, None, float]:
    """Wait for a sign of life; seconds that it took."""
    of, deadline = expected.of, time.monotonic() + PATIENCE_S
    while expected.seen_ms is None:
        if time.monotonic() > deadline:
            log = scene.session.home / "logs" / f"{of}.log"
            raise AssertionError(f"no sign of life of {of} for {PATIENCE_S:.0f} s:\n{last_lines(log, 40)}")
        yield
    return (expected.seen_ms - expected.since_ms) / 1000


def _pass(seconds: float) -> Generator[None, None, None]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield


def _in_a_thread(doing: Callable[[], object]) -> Generator[None, None, None]:
    failures: list[Exception] = []

    def run() -> None:
        try:
            doing()
        except Exception as failure:  # the outermost frame of the thread: raised again below
            failures.append(failure)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while thread.is_alive():
        yield
    if failures:
        raise failures[0]


def _now_ms() -> float:
    return time.time() * 1000
