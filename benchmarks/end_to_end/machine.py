"""What a figure was taken on: it says little without."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("confluent-kafka", "numpy", "torch", "redis")
JARS = Path(__file__).parents[2] / "adapters" / "local_stack" / "jars.lock"


def machine() -> dict[str, object]:
    """Processor, cores, memory, system, and versions of what does the work."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {"python": platform.python_version(), "kafka": _kafka(), **{p: version(p) for p in PACKAGES}},
        "commit": _commit(),
    }


def load() -> list[float]:
    """Load averages over 1, 5 and 15 minutes: others may use the machine too."""
    return [round(share, 2) for share in os.getloadavg()]


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _kafka() -> str:
    prefix = "org.apache.kafka:kafka_2.13:"
    lines = JARS.read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith(prefix)]
    return line.removeprefix(prefix).split()[0]


def _commit() -> str:
    command = ["git", "-C", str(JARS.parent), "describe", "--always", "--dirty", "--exclude=*"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"
