"""Where a process finds its surroundings; read once, by the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

KAFKA_PORT = 9092
REDIS_PORT = 6379


class Settings(BaseSettings):
    """Environment variables ``ANABRANCH_<NAME>``, then these defaults; a flag of the command wins over both."""

    model_config = SettingsConfigDict(env_prefix="ANABRANCH_", frozen=True, extra="ignore")

    home: Path = Field(Path(".anabranch"), description="Folder for everything that is kept on this machine.")
    bootstrap: str = Field("", description="Kafka servers, host:port[,host:port]; empty: the local stack.")
    redis: str = Field("", description="Redis URL, redis://host:port/db; empty: the local stack.")
    registry: str = Field("", description="URL of a Confluent-compatible schema registry; empty: built-in ids.")
    http_host: str = Field("127.0.0.1", description="Address for /livez, /readyz and /metrics.")
    http_port: int = Field(0, ge=0, le=65535, description="Port for them; 0: any free one.")
    ordinal: int = Field(0, ge=0, description="Which replica of its process this is: part of the stable ids.")
    log_format: Literal["console", "json"] = Field("console", description="How log lines look.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level logged.")
    device: str = Field("auto", description="Torch device: auto, cpu, cuda, cuda:1.")
