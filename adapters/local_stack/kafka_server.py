"""Apache Kafka itself, in one JVM, from pinned jars."""

from __future__ import annotations

import base64
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

from adapters.kafka_client import client_settings
from adapters.local_stack.broker_settings import HEAP_MB, broker_settings, properties_text
from adapters.local_stack.jars import download_with_jgo, fetch_jars, pinned_jars
from adapters.local_stack.java import Java, find_java
from adapters.local_stack.ports import LOOPBACK, Ports, accepts, choose_port
from adapters.local_stack.processes import spawn
from adapters.local_stack.progress import Report
from adapters.local_stack.state import Server
from schemas.errors import ConfigurationError, DependencyError

LOGGING = Path(__file__).with_name("log4j2.yaml")
READY_WITHIN_S = 60.0


def start_kafka(home: Path, ports: Ports, jar_folder: Path, environ: Mapping[str, str], report: Report) -> Server:
    """Start a broker on the data of `home`, fetching and formatting what is not there yet. Blocks.

    Returns as soon as the process runs; whether it serves, `kafka_serves` tells.

    Raises
    ------
    ConfigurationError
        The path of `home` cannot be written into a class path.
    DependencyError
        No Java, no network for the jars, or the storage cannot be formatted.
    """
    _check_path(home)
    folder = home / "kafka"
    folder.mkdir(parents=True, exist_ok=True)
    java = find_java(environ)
    jars = fetch_jars(pinned_jars(), jar_folder, report, download_with_jgo)
    port, controller_port = choose_port(ports.kafka), choose_port(ports.controller)
    settings = folder / "server.properties"
    settings.write_text(properties_text(broker_settings(folder / "data", port, controller_port)), encoding="ascii")
    command = _java_command(java, folder, jars)
    _format_if_new(command, folder, settings, environ, report)
    report("Starting Apache Kafka", 0, 0)
    console = folder / "console.log"
    process = spawn([*command, "kafka.Kafka", str(settings)], console, environ)
    return Server("kafka", process, port, (str(folder / "broker.log"), str(console)), _program(java))


def _check_path(home: Path) -> None:
    if {":", ","} & set(str(home)):
        raise ConfigurationError(
            f"The data folder {home} has a colon or a comma in its path, which Kafka takes for a separator.",
            "Set ANABRANCH_HOME to a folder without them.",
        )


def _java_command(java: Java, folder: Path, jars: tuple[Path, ...]) -> list[str]:
    # The first compiler and the serial collector: half the start time and a third of the memory.
    flags = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", f"-Xmx{HEAP_MB}m"]
    flags += ["-XX:+ExitOnOutOfMemoryError", f"-XX:ErrorFile={folder / 'jvm-crash.log'}"]
    flags += ["-Djava.awt.headless=true", *_quiet(java)]
    flags += [
        f"-Dlog4j2.configurationFile={LOGGING.as_uri()}",
        f"-Danabranch.broker.log={folder / 'broker.log'}",
    ]
    return [str(java.path), *flags, "-cp", ":".join(map(str, jars))]


def _quiet(java: Java) -> list[str]:
    # From Java 24 on, native libraries (compression) without this flag fill the log with warnings.
    return ["--enable-native-access=ALL-UNNAMED"] if java.major >= 24 else []


def _format_if_new(
    command: list[str], folder: Path, settings: Path, environ: Mapping[str, str], report: Report
) -> None:
    if (folder / "data" / "meta.properties").exists():
        return
    report("Formatting Kafka's storage", 0, 0)
    tool = [*command, "kafka.tools.StorageTool", "format", "--ignore-formatted"]
    tool += ["--config", str(settings), "--cluster-id", _new_cluster_id()]
    done = subprocess.run(tool, capture_output=True, text=True, env=dict(environ), check=False)
    if done.returncode:
        raise DependencyError(
            f"Kafka's storage in {folder / 'data'} could not be formatted: {done.stderr.strip()[-2000:]}.",
            "See that the disk has room and the folder can be written.",
        )


def _new_cluster_id() -> str:
    while (name := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        continue  # it would look like an option
    return name


def _program(java: Java) -> str:
    version = next(jar.version for jar in pinned_jars() if jar.artifact.startswith("kafka_"))
    return f"Apache Kafka {version} on Java {java.major} ({java.path})"


def kafka_serves(port: int) -> bool:
    """Say whether a broker answers for its cluster on this port. Blocks for at most some seconds."""
    if not accepts(port):
        return False
    # Here, because `down` and `status` need not pay for the import.
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    try:
        admin = AdminClient(client_settings(f"{LOOPBACK}:{port}"))
        return len(admin.list_topics(timeout=2.0).brokers) == 1
    except KafkaException:
        return False
