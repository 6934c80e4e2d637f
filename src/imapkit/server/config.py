"""The configuration: a TOML file, environment variables ``IMAPKIT_…``, and what the command line says, which wins.

    data = "/var/lib/imapkit"
    listen = ["imap://0.0.0.0:143", "imaps://0.0.0.0:993"]
    [tls]
    certificate = "/etc/imapkit/cert.pem"
    key = "/etc/imapkit/key.pem"
    [limits]
    message_octets = 50000000
    [timeouts]
    idle_seconds = 3600

In the environment two underscores lead into a table: ``IMAPKIT_LIMITS__MESSAGE_OCTETS``. Whatever is wrong is one line that names the
file or the variable, and the key.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from ..errors import UsageError
from ..features.catalogue import registry
from .options import Options, SessionLimits, Timeouts

PREFIX = "IMAPKIT_"

Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TimeoutTable(_Table):
    """``server.options.Timeouts`` has the meanings."""

    login_seconds: Seconds = Timeouts.login_seconds
    idle_seconds: Annotated[float, Field(ge=1800)] = Timeouts.idle_seconds
    literal_seconds: Seconds = Timeouts.literal_seconds
    write_seconds: Seconds = Timeouts.write_seconds
    tls_handshake_seconds: Seconds = Timeouts.tls_handshake_seconds
    drain_seconds: Seconds = Timeouts.drain_seconds
    slow_command_seconds: Seconds = Timeouts.slow_command_seconds
    worker_late_seconds: Seconds = Timeouts.worker_late_seconds
    worker_hangs_seconds: Seconds = Timeouts.worker_hangs_seconds


class LimitTable(_Table):
    """``server.options.SessionLimits`` has the meanings."""

    message_octets: Count = SessionLimits.message_octets
    line_octets: Annotated[int, Field(ge=8192)] = SessionLimits.line_octets
    spool_above_octets: Count = SessionLimits.spool_above_octets
    pending_octets: Count = SessionLimits.pending_octets
    output_octets: Count = SessionLimits.output_octets
    sessions: Count = SessionLimits.sessions
    sessions_per_address: Count = SessionLimits.sessions_per_address
    sessions_per_user: Count = SessionLimits.sessions_per_user
    bad_commands_before_login: Count = SessionLimits.bad_commands_before_login


class TlsTable(_Table):
    certificate: Path | None = None
    key: Path | None = None
    names: list[str] = []

    @model_validator(mode="after")
    def _both(self) -> TlsTable:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key come together")
        return self


class LogTable(_Table):
    level: Literal["debug", "info", "warning", "error"] = "info"
    style: Literal["auto", "text", "json"] = "auto"


class Config(BaseSettings):
    model_config = SettingsConfigDict(
        extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__", nested_model_default_partial_update=True
    )

    data: Path | None = None
    listen: list[str] = []
    insecure_plaintext: bool = False
    workers: Count | None = None
    """Processes; without it one for each core."""
    durable_flags: bool = False
    """Changes of flags are on the disk before they are answered, rather than within 0.2 seconds."""
    literal_minus: bool = False
    identify: bool = True
    """Answer ID with the program's name."""
    disable: list[str] = []
    """Features to switch off, by name."""
    timeouts: TimeoutTable = TimeoutTable()
    limits: LimitTable = LimitTable()
    tls: TlsTable = TlsTable()
    log: LogTable = LogTable()

    def options(self) -> Options:
        """Raises UsageError for a feature that is not there."""
        try:
            features = registry(disabled=self.disable)
        except ValueError as error:
            raise UsageError(f"disable: {error}") from error
        return Options(
            registry=features,
            insecure_plaintext=self.insecure_plaintext,
            timeouts=Timeouts(**self.timeouts.model_dump()),
            limits=SessionLimits(**self.limits.model_dump()),
            identity=(("name", "imapkit"),) if self.identify else (),
            literal_minus=self.literal_minus,
        )


def load(path: Path | None, given: dict[str, object]) -> Config:
    """``given``: what the command line says. Raises UsageError."""
    table = _read(path) if path is not None else {}

    class Layered(Config):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, InitSettingsSource(settings_cls, table)

    try:
        return Layered(**given)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        raise UsageError(_explain(error, given, path, table)) from error
    except ValueError as error:  # a variable that should hold JSON and does not
        raise UsageError(f"in the environment: {error}") from error


def _read(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 at octet {error.start}") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def _explain(
    error: ValidationError, given: dict[str, object], path: Path | None, table: dict[str, object]
) -> str:
    """The first mistake: where it stands, the key, and what is wrong with it."""
    first = error.errors()[0]
    keys = [str(part) for part in first["loc"]]
    name = ".".join(keys)
    variable = PREFIX + "__".join(keys).upper()
    if _holds(given, keys):
        where = name
    elif variable in os.environ:
        where = f"the environment variable {variable}"
    elif path is not None and _holds(table, keys):
        where = f"{path}: {name}"
    else:
        where = name
    if first["type"] == "extra_forbidden":
        return f"{where}: there is no such setting"
    message = first["msg"].removeprefix("Value error, ")
    return f"{where}: {message[:1].lower()}{message[1:]}"


def _holds(table: dict[str, object], keys: list[str]) -> bool:
    return bool(keys) and keys[0] in table and (len(keys) == 1 or isinstance(table[keys[0]], dict | list))
