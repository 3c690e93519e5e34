"""docker-compose.yml says what the code says: well formed, same settings, same commands, same ports."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from adapters.local_stack.broker_settings import HEAP_MB, broker_settings
from adapters.local_stack.jars import pinned_jars
from adapters.local_stack.redis_server import settings_text
from schemas.settings import KAFKA_PORT, REDIS_PORT, Settings
from services.cli.assembly import assemble
from services.cli.run import MODULES

CLONE = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((CLONE / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("anabranch:")}
DOCKERFILE = (CLONE / "Dockerfile").read_text(encoding="utf-8")
VARIABLES = {f"ANABRANCH_{name.upper()}" for name in Settings.model_fields}

each_of_ours = pytest.mark.parametrize("name", OURS)


def flag_pairs(words: list[str]) -> dict[str, str]:
    return {flag.removeprefix("--"): value for flag, value in zip(words[::2], words[1::2], strict=True)}


def test_file_is_well_formed() -> None:
    schema = json.loads(Path(__file__).with_name("compose_schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(COMPOSE)


def test_what_is_referred_to_exists() -> None:
    for service in SERVICES.values():
        assert set(service.get("depends_on", {})) <= set(SERVICES)
        assert {volume.partition(":")[0] for volume in service.get("volumes", [])} <= set(COMPOSE["volumes"])


def test_waiting_for_health_is_waiting_for_a_check() -> None:
    waits = [(on, how["condition"]) for s in SERVICES.values() for on, how in s.get("depends_on", {}).items()]
    healthy = {on for on, condition in waits if condition == "service_healthy"}
    assert healthy == {"kafka", "redis"}
    assert all("test" in SERVICES[name]["healthcheck"] for name in healthy)


def test_published_ports_are_distinct_and_those_of_the_local_stack() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    outside = [port.split(":")[1] for port in published]
    assert len(set(outside)) == len(outside)
    assert SERVICES["kafka"]["ports"] == [f"127.0.0.1:{KAFKA_PORT}:{KAFKA_PORT}"]
    assert SERVICES["redis"]["ports"] == [f"127.0.0.1:{REDIS_PORT}:{REDIS_PORT}"]


def test_broker_has_the_version_and_settings_of_the_local_one() -> None:
    version = next(jar.version for jar in pinned_jars() if jar.artifact.startswith("kafka_"))
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{version}"
    given = {
        key.removeprefix("KAFKA_").lower().replace("_", "."): v for key, v in SERVICES["kafka"]["environment"].items()
    }
    addresses = {"listeners", "advertised.listeners", "controller.quorum.voters", "log.dirs"}
    local = broker_settings(Path("/data"), KAFKA_PORT, 9093)
    only_here = {"listener.security.protocol.map", "heap.opts"}
    assert given.keys() - only_here == local.keys()
    assert {key: given[key] for key in local.keys() - addresses} == {
        key: local[key] for key in local.keys() - addresses
    }
    assert given["heap.opts"] == f"-Xmx{HEAP_MB}m"


def test_brokers_listeners_are_reached_as_advertised() -> None:
    environment = SERVICES["kafka"]["environment"]
    bound = dict(re.findall(r"(\w+)://[^:,]*:(\d+)", environment["KAFKA_LISTENERS"]))
    advertised = dict(re.findall(r"(\w+)://([^,]+)", environment["KAFKA_ADVERTISED_LISTENERS"]))
    assert advertised == {"PLAINTEXT": f"kafka:{bound['PLAINTEXT']}", "HOST": f"127.0.0.1:{bound['HOST']}"}
    assert int(bound["HOST"]) == KAFKA_PORT
    assert all(service["environment"]["ANABRANCH_BOOTSTRAP"] == advertised["PLAINTEXT"] for service in OURS.values())


def test_redis_has_the_settings_of_the_local_one() -> None:
    local = dict(shlex.split(line)[:2] for line in settings_text(Path("/data"), REDIS_PORT).splitlines())
    for elsewhere in ("bind", "port", "dir", "daemonize"):
        del local[elsewhere]
    assert flag_pairs(SERVICES["redis"]["command"][1:]) == local


@each_of_ours
def test_variables_are_settings(name: str) -> None:
    environment = OURS[name]["environment"]
    assert set(environment) <= VARIABLES
    Settings(**{key.removeprefix("ANABRANCH_").lower(): value for key, value in environment.items()})


@each_of_ours
def test_published_port_is_where_the_process_listens(name: str) -> None:
    inside = {port.rsplit(":", 1)[1] for port in OURS[name].get("ports", [])}
    assert inside <= {OURS[name]["environment"]["ANABRANCH_HTTP_PORT"]}


@each_of_ours
def test_command_exists_with_its_options(name: str) -> None:
    program, *words = OURS[name]["command"]
    assert program == "anabranch"
    assert words[0] != "run" or words[1] == name in MODULES
    options = [word for word in words if word.startswith("--")]
    path = words[:2]
    shown = CliRunner().invoke(assemble(path), [*path, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0, shown.output
    assert all(option in shown.output for option in options)


@each_of_ours
def test_pipeline_file_is_in_the_image(name: str) -> None:
    words = OURS[name]["command"]
    pipeline = Path(next(word for word in words if word.endswith(".yaml")))
    assert (CLONE / pipeline).is_file()
    assert f"COPY {pipeline.parts[0]} {pipeline.parts[0]}" in DOCKERFILE


def test_image_holds_every_package_and_nothing_is_copied_that_is_not_there() -> None:
    copied = [source for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.M) for source in line.split()[:-1]]
    assert {"schemas", "models", "adapters", "stream_jobs", "services", "pipelines"} <= set(copied)
    assert all((CLONE / source).exists() for source in copied)
    allowed = (CLONE / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in allowed if line.startswith("!")} == set(copied)
