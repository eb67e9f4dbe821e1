"""A real mosquitto as a child process, where one is installed."""

import asyncio
import shutil
import signal
import socket
import tempfile
from pathlib import Path
from typing import Self

START_SECONDS = 5.0
# prctl's number for the signal that a process gets when its parent dies.
_PDEATHSIG = 1
_CONFIG = """
user {user}
listener {port} {host}
allow_anonymous {anonymous}
persistence false
log_dest none
"""


def program() -> str | None:
    """Where mosquitto is; it often stands where only administrators look."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin")


class Mosquitto:
    """`async with` starts and stops it; `stop` and `start` do the same in between, on the same port."""

    def __init__(self, port: int = 0, *, host: str = "127.0.0.1", users: dict[str, str] | None = None) -> None:
        self.port = port or _free_port(host)
        self._host = host
        self._users = users
        self._folder = tempfile.TemporaryDirectory(prefix="lockyard-mosquitto-")
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"mqtt://{self._host}:{self.port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        self._folder.cleanup()

    async def start(self) -> None:
        """Raises OSError when it does not come up."""
        found = program()
        if found is None:
            raise FileNotFoundError("mosquitto is not installed")
        self._process = await asyncio.create_subprocess_exec(
            *(found, "-c", str(await self._written())), stderr=asyncio.subprocess.DEVNULL, preexec_fn=_die_with_us
        )
        ends = asyncio.get_running_loop().time() + START_SECONDS
        while True:
            try:
                _, writer = await asyncio.open_connection(self._host, self.port)
            except OSError:
                if self._process.returncode is not None or asyncio.get_running_loop().time() > ends:
                    raise
                await asyncio.sleep(0.03)
            else:
                writer.close()
                return

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.terminate()
            await process.wait()

    async def _written(self) -> Path:
        folder = Path(self._folder.name)
        config = folder / "mosquitto.conf"
        # As the one who starts it: mosquitto would otherwise become a user that cannot read these files.
        text = _CONFIG.format(user=_user(), port=self.port, host=self._host, anonymous=str(self._users is None).lower())
        if self._users is not None:
            words = folder / "passwords"
            words.write_text("".join(f"{name}:{password}\n" for name, password in self._users.items()))
            words.chmod(0o600)
            keeper = shutil.which("mosquitto_passwd") or "mosquitto_passwd"
            hashing = await asyncio.create_subprocess_exec(keeper, "-U", str(words))
            await hashing.wait()
            text += f"password_file {words}\n"
        config.write_text(text)
        return config


def _die_with_us() -> None:
    """A simulator that is killed must not leave its broker behind. Only Linux knows how."""
    import ctypes
    import sys

    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGTERM)


def _user() -> str:
    import getpass

    return getpass.getuser()


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as taken:
        port: int = taken.getsockname()[1]
        return port
