"""The broker's jars: a pinned list, fetched one by one and checked against its digests."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from adapters.local_stack.progress import Report
from schemas.errors import DependencyError, DigestMismatch

LOCK = Path(__file__).with_name("jars.lock")
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned artefact of a Maven repository.

    Parameters
    ----------
    group, artifact, version : str
        Its Maven coordinates.
    sha256 : str
        Hex digest of the file.
    """

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """Name of the file, unique within the list."""
        return f"{self.artifact}-{self.version}.jar"


Download = Callable[[Jar, Path], Path]
"""Puts a jar somewhere below a folder and returns where."""


def parse_lock(text: str) -> tuple[Jar, ...]:
    r"""Read the pinned list.

    Examples
    --------
    >>> parse_lock("# why\norg.example:river:1.2 sha256=ab\n")
    (Jar(group='org.example', artifact='river', version='1.2', sha256='ab'),)
    """
    lines = (line.strip() for line in text.splitlines())
    return tuple(_parse_line(line) for line in lines if line and not line.startswith("#"))


def _parse_line(line: str) -> Jar:
    coordinates, _, digest = line.partition(" sha256=")
    group, artifact, version = coordinates.split(":")
    return Jar(group, artifact, version, digest)


def pinned_jars() -> tuple[Jar, ...]:
    """Return the list that this version of Anabranch stands on."""
    return parse_lock(LOCK.read_text(encoding="utf-8"))


def fetch_jars(jars: tuple[Jar, ...], folder: Path, report: Report, download: Download) -> tuple[Path, ...]:
    """Make every jar present in `folder`, downloading only what is missing or damaged. Blocks.

    Raises
    ------
    DependencyError
        A jar could not be downloaded. What came before it is kept.
    DigestMismatch
        A download is not the pinned file; it is thrown away.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = missing_jars(jars, folder)
    for done, jar in enumerate(missing):
        report("Fetching Apache Kafka", done, len(missing))
        _fetch_one(jar, folder, download)
    if missing:
        report("Fetching Apache Kafka", len(missing), len(missing))
    return tuple(folder / jar.file_name for jar in jars)


def missing_jars(jars: tuple[Jar, ...], folder: Path) -> tuple[Jar, ...]:
    """Return those that are not in `folder`, or not what their digests say. Reads them all: some 0.1 s."""
    return tuple(jar for jar in jars if not _is_whole(folder / jar.file_name, jar))


def _fetch_one(jar: Jar, folder: Path, download: Download) -> None:
    # In a folder of its own and then renamed: an interrupted download never looks like a jar.
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as scratch:
        path = download(jar, Path(scratch))
        if not _is_whole(path, jar):
            raise DigestMismatch(
                f"{jar.file_name} was downloaded, but its sha256 is not the pinned {jar.sha256}.",
                "Something between here and the repository alters files; try from another network.",
            )
        path.replace(folder / jar.file_name)


def _is_whole(path: Path, jar: Jar) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == jar.sha256


def download_with_jgo(jar: Jar, scratch: Path) -> Path:
    """Download one jar from Maven's central repository. Blocks; a failing network is tried three times.

    Raises
    ------
    DependencyError
        The repository cannot be reached or does not have it.
    """
    from jgo.maven import MavenContext  # 0.2 s to import, and needed once in a clone's life

    for attempt in range(ATTEMPTS):
        context = MavenContext(repo_cache=scratch / str(attempt), timeout=30)
        artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
        try:
            return Path(artifact.resolve())
        except (OSError, RuntimeError) as error:
            cause = error
    raise DependencyError(
        f"{jar.file_name} could not be fetched in {ATTEMPTS} attempts: {cause}.",
        "Check the network (HTTPS_PROXY, REQUESTS_CA_BUNDLE), then run the command again: what was fetched is kept.",
    ) from cause
