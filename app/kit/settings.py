"""Every variable the product reads from its environment, each with its meaning. `app/wiring.py` alone reads them."""

import base64
import binascii
import secrets
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, TypeAdapter, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "LOCKYARD_"
SECRET_BYTES = 32


class SettingsError(Exception):
    """A variable is missing or cannot be used. The text says which and what to do."""


class Settings(BaseSettings):
    """One attribute a variable: `data_dir` is LOCKYARD_DATA_DIR. docs/settings.md is written from this class."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    data_dir: Path = Field(
        Path("var"),
        description="Folder for what the product keeps outside the database: the embedded server, exports, generated "
        "keys.",
    )
    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL 16-18 for the web process, as role `lockyard_app`: "
        "`postgresql://lockyard_app:…@host:5432/lockyard`. Unset: the embedded server in the data folder.",
    )
    worker_database_url: SecretStr | None = Field(
        None, description="The same database for the background process, as role `lockyard_worker`."
    )
    owner_database_url: SecretStr | None = Field(
        None,
        description="The same database for migrations, as role `lockyard_owner`. Only `lockyard migrate` and `lockyard "
        "seed` use it.",
    )
    database_pool_size: int = Field(10, ge=1, le=200, description="Most connections a web process holds open.")
    worker_pool_size: int = Field(8, ge=4, le=100, description="Most connections the background process holds open.")
    secret_key: SecretStr | None = Field(
        None,
        description="32 random bytes as base64; seals vendor credentials and pickup codes and signs download links. "
        "Losing it loses them. Make one: `openssl rand -base64 32`.",
    )
    sealing_keys: SecretStr | None = Field(
        None,
        description="Keys that seal vendor credentials and pickup codes, newest first, separated by commas, each like "
        "the secret key: the first seals, all open. Unset: the secret key. After putting a new one first run "
        "`lockyard reseal`; then the old ones may go.",
    )
    audit_signing_key: SecretStr | None = Field(
        None,
        description="Ed25519 private key, 32 bytes as base64, that signs audit checkpoints. Unset: one is derived from "
        "the secret key.",
    )
    host: str = Field("127.0.0.1", description="Address the web process listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port the web process listens on; 0 takes a free one.")
    public_url: str | None = Field(
        None,
        description="Address people use, where a proxy stands in front: `https://lockers.example.org`. Cookies are "
        "Secure under https.",
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Further origins whose pages may call the API, separated by commas. The public address is always "
        "allowed.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses or networks of the proxies and balancers in front, separated by commas: they alone are "
        "believed about where a request comes from (`X-Forwarded-For`). Unset behind one, everybody comes from its "
        "address: wrong passwords of one lock out all, and the record names the proxy.",
    )
    static_dir: Path | None = Field(
        None,
        description="Folder of the built dashboard. Unset: the one that came with the package, or `frontend/dist`.",
    )
    introspection: bool = Field(True, description="Whether signed-in callers may introspect the schema.")
    requests_per_second: float | None = Field(
        None,
        gt=0,
        le=100_000,
        description="Requests a second one caller may send to a web process in the long run, twice as many at once; "
        "more are answered 429 with Retry-After. Unset: no limit.",
    )
    session_hours: int = Field(12, ge=1, le=24 * 30, description="Hours until a sign-in of the page must be repeated.")
    export_store: str | None = Field(
        None,
        description="Where finished exports are kept: a `file://`, `s3://`, `gs://` or `az://` address. Unset: a "
        "folder in the data folder.",
    )
    export_hours: int = Field(24, ge=1, le=24 * 30, description="Hours until a finished export and its link expire.")
    held_open_seconds: int = Field(
        60, ge=5, le=3600, description="Seconds a door may stand open before an alarm is raised."
    )
    outage_seconds: int = Field(
        300,
        ge=10,
        le=86400,
        description="Seconds a bank may be unreachable before the outage counts as confirmed: its alarm becomes "
        "critical and has to be acknowledged again.",
    )
    poll_seconds: float = Field(
        5.0,
        ge=0.2,
        le=300,
        description="Seconds between two readings of a bank whose own setting does not say otherwise.",
    )
    denied_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        ("169.254.0.0/16", "fe80::/10", "100.100.100.200/32", "fd00:ec2::254/128"),
        description="Networks in which no vendor or controller is spoken to, whatever address a connection names, "
        "separated by commas. As it stands: where clouds tell their machines secrets. Controllers live in private "
        "networks: deny those of them that hold none.",
    )
    serial_devices: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Serial devices of this machine that vendor accounts may name, separated by commas, such as "
        "`/dev/serial/by-id/usb-FTDI_…`: whoever may connect hardware may use each of them until somebody has it. "
        "Unset: none.",
    )
    worker_metrics_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="Port on which the background process shows its Prometheus figures, to this machine only. Unset: "
        "none. The web process shows its own at `/metrics`.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe line written.")
    log_format: Literal["json", "console"] = Field(
        "json", description="`json`: one object a line, for machines. `console`: for eyes."
    )

    @field_validator("allowed_origins", "denied_networks", "serial_devices", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        return tuple(part.strip() for part in given.split(",") if part.strip()) if isinstance(given, str) else given

    @field_validator("denied_networks", "trusted_proxies")
    @classmethod
    def _are_networks(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for network in given:
            ip_network(network)
        return given

    @field_validator("secret_key", "audit_signing_key")
    @classmethod
    def _is_key(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None:
            decode_key(given.get_secret_value())
        return given

    @field_validator("sealing_keys")
    @classmethod
    def _are_keys(cls, given: SecretStr | None) -> SecretStr | None:
        for part in given.get_secret_value().split(",") if given is not None else ():
            decode_key(part)
        return given

    @property
    def sealing(self) -> tuple[bytes, ...]:
        """The keys that seal, newest first."""
        if self.sealing_keys is None:
            return (self.key,)
        return tuple(decode_key(part) for part in self.sealing_keys.get_secret_value().split(","))

    @property
    def key(self) -> bytes:
        """The secret key's 32 bytes. Without the variable: the one kept in the data folder."""
        if self.secret_key is not None:
            return decode_key(self.secret_key.get_secret_value())
        kept = self.data_dir / "secret.key"
        if not kept.exists():
            how = "`lockyard demo` makes one; or: openssl rand -base64 32"
            raise SettingsError(f"{PREFIX}SECRET_KEY is not set and {kept} does not exist; {how}")
        return decode_key(kept.read_text())

    @property
    def session_lifetime(self) -> timedelta:
        return timedelta(hours=self.session_hours)

    @property
    def export_lifetime(self) -> timedelta:
        return timedelta(hours=self.export_hours)

    @property
    def export_url(self) -> str:
        return self.export_store or (self.data_dir / "exports").resolve().as_uri()

    @property
    def base_url(self) -> str:
        """The address people use, without a slash at its end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


def decode_key(text: str) -> bytes:
    """32 bytes from base64, or ValueError."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if len(key) != SECRET_BYTES:
        raise ValueError(f"{len(key)} bytes where {SECRET_BYTES} are needed; make one: openssl rand -base64 32")
    return key


def keep_secret_key(data_dir: Path) -> str:
    """The data folder's own secret key as base64, made on first use. For the demo and tests."""
    data_dir.mkdir(parents=True, exist_ok=True)
    kept = data_dir / "secret.key"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode() + "\n")
    return kept.read_text().strip()


def settings_page() -> str:
    """docs/settings.md: one row a variable."""
    rows = "\n".join(_rows())
    return f"""# Settings

Every variable the product reads, written by `make docs` from `app/kit/settings.py`.
`lockyard demo` sets what it needs by itself.

| Variable | Kind | Default | Meaning |
| --- | --- | --- | --- |
{rows}
"""


def _rows() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        schema: dict[str, Any] = TypeAdapter[Any](field.annotation or str).json_schema()
        kinds = [_kind(part) for part in schema.get("anyOf", [schema]) if part.get("type") != "null"]
        default = "" if field.default in (None, ()) else f"`{_spelled(field.default)}`"
        yield f"| `{PREFIX}{name.upper()}` | {' or '.join(kinds)} | {default} | {field.description} |"


def _spelled(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kind(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " / ".join(f"`{word}`" for word in schema["enum"])
    if schema.get("format") == "password":
        return "secret"
    if schema.get("format") == "path":
        return "path"
    return {"string": "text", "boolean": "true / false", "array": "list"}.get(str(schema["type"]), str(schema["type"]))
