"""Kafka and Redis on this machine, brought up and down."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from adapters.local_stack import kafka_server, redis_server
from adapters.local_stack.kept import kept_file, load_kept
from adapters.local_stack.ports import LOOPBACK, USUAL, Ports, is_free
from adapters.local_stack.processes import ProcessId, end, is_alive, wait_until
from adapters.local_stack.progress import Report, silent
from adapters.local_stack.state import Server, ServerName, State, load_state, locked, save_state, state_file
from adapters.local_stack.status import last_words
from schemas.errors import DependencyError

PATIENCE_S = 20.0
"""How long a server may take to end by itself before it is killed."""
_PORT_LEFT_WITHIN_S = 5.0
"""A process whose first thread has ended counts as dead, and the others may still hold its sockets for a moment."""

BOTH: tuple[ServerName, ...] = ("redis", "kafka")
_SERVES = {"kafka": kafka_server.kafka_serves, "redis": redis_server.redis_serves}
_READY_WITHIN_S = {"kafka": kafka_server.READY_WITHIN_S, "redis": redis_server.READY_WITHIN_S}


@dataclass(frozen=True, slots=True)
class StackAddresses:
    """Where the servers are: Kafka's ``host:port[,host:port]``, Redis' URL; "" for what is not here."""

    bootstrap: str
    redis_url: str


@dataclass(frozen=True, slots=True)
class StackOptions:
    """What `up` may be told.

    Parameters
    ----------
    ports : Ports
        Wanted ports; a taken one is replaced by a free one.
    jars : Path or None
        Folder of the broker's jars, which homes may share; None: ``<home>/kafka/jars``.
    wanted : tuple of {"kafka", "redis"}
        Servers to have.
    environ : mapping
        Environment of the servers; `PATH` and `JAVA_HOME` are looked up in it too.
    """

    ports: Ports = USUAL
    jars: Path | None = None
    wanted: tuple[ServerName, ...] = BOTH
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


def up(home: Path, report: Report = silent, options: StackOptions | None = None) -> StackAddresses:
    """Have Kafka and Redis run on the data of `home`; what runs already is left as it is. Blocks.

    Raises
    ------
    ConfigurationError
        The path of `home` cannot be used.
    DependencyError
        Something needed is missing, or a server died or did not serve in time: the end of its log is quoted.
        What this call started has then been ended.
    """
    home, chosen = home.resolve(), options or StackOptions()
    with locked(home):
        known = load_state(home)
        running = _alive(known)
        _tell_of_the_dead(known, running, report)
        started: State = {}
        try:
            # One that ran may die while another is waited for, which takes seconds.
            while missing := [name for name in BOTH if name in chosen.wanted and name not in _alive(running | started)]:
                for name in missing:
                    started[name] = _start(name, home, _at_its_old_port(chosen, known.get(name)), report)
                    save_state(home, running | started)
                _await_all(started.values(), report)
            _await_all((server for name, server in running.items() if name not in started), report)
        except BaseException:
            end([server.process for server in started.values()], PATIENCE_S)
            save_state(home, running)
            raise
    return addresses_of(running | started)


def _alive(state: State) -> State:
    return {name: server for name, server in state.items() if is_alive(server.process)}


def _tell_of_the_dead(known: State, running: State, report: Report) -> None:
    for name in known.keys() - running.keys():
        report(f"{name} had died", 0, 0)


def _at_its_old_port(options: StackOptions, dead: Server | None) -> StackOptions:
    """Clients of a server that died look for it where it was: wait until the last of its threads has left the port."""
    if dead is None:
        return options
    wait_until(lambda: is_free(dead.port), _PORT_LEFT_WITHIN_S)
    return replace(options, ports=replace(options.ports, **{dead.name: dead.port}))


def _start(name: ServerName, home: Path, options: StackOptions, report: Report) -> Server:
    if name == "redis":
        return redis_server.start_redis(home, options.ports, options.environ, report)
    jars = (options.jars or home / "kafka" / "jars").resolve()
    return kafka_server.start_kafka(home, options.ports, jars, options.environ, report)


def _await_all(servers: Iterable[Server], report: Report) -> None:
    for server in servers:
        report(f"Waiting for {server.name}", 0, 0)
        _await(server)


def _await(server: Server) -> None:
    serves, patience_s = _SERVES[server.name], _READY_WITHIN_S[server.name]
    wait_until(lambda: not is_alive(server.process) or serves(server.port), patience_s)
    if not is_alive(server.process):
        what, cure = "died while starting", "The lines above say why."
    elif serves(server.port):
        return
    else:
        what = f"runs (pid {server.process.pid}) but did not answer on port {server.port} in {patience_s:.0f} s"
        cure = "Try `anabranch down`, then `anabranch up`."
    quoted = "\n".join(f"  | {line}" for line in last_words(server))
    raise DependencyError(f"{server.name} {what}. Its log ends:\n{quoted}\n", cure)


def addresses_of(state: State) -> StackAddresses:
    """Return where the servers of a state listen."""
    kafka, redis = state.get("kafka"), state.get("redis")
    return StackAddresses(
        f"{LOOPBACK}:{kafka.port}" if kafka else "", f"redis://{LOOPBACK}:{redis.port}/0" if redis else ""
    )


def find_stack(home: Path, bootstrap: str = "", redis_url: str = "") -> StackAddresses:
    """Return the addresses that were given, and for those that were not, those of the running local stack.

    Raises
    ------
    DependencyError
        One was not given and the local stack does not have it.
    """
    local = addresses_of(_alive(load_state(home)))
    found = StackAddresses(bootstrap or local.bootstrap, redis_url or local.redis_url)
    for name, address in (("Kafka", found.bootstrap), ("Redis", found.redis_url)):
        if not address:
            raise DependencyError(
                f"No address of {name} was given, and the local stack in {home} does not run it.",
                "Run `anabranch up`, or give --bootstrap and --redis.",
            )
    return found


def down(home: Path) -> tuple[str, ...]:
    """End the processes that `keep` wrote down and the servers that `up` started in this home; return what ran. Blocks.

    Gently, and then not. Only processes whose pid *and* start time are those written down are touched. Data stays.

    Raises
    ------
    DataError
        A file that says what runs is damaged.
    """
    home = home.resolve()
    if not state_file(home).exists() and not kept_file(home).exists():
        return ()
    with locked(home):
        servers: dict[str, ProcessId] = {name: server.process for name, server in load_state(home).items()}
        # Ours first: they finish their last transactions while the servers are still there.
        ended = (*_end_running(load_kept(home)), *_end_running(servers))
        kept_file(home).unlink(missing_ok=True)
        state_file(home).unlink(missing_ok=True)
    return ended


def _end_running(processes: Mapping[str, ProcessId]) -> tuple[str, ...]:
    running = {name: process for name, process in processes.items() if is_alive(process)}
    end(list(running.values()), PATIENCE_S)
    return tuple(running)
