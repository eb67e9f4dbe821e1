"""A whole Lockyard on one machine: database, hardware, API, worker and people, started in order and ended together."""

import asyncio
import json
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import Progress, TextColumn

from app import demo_hardware, demo_report, demo_state
from app.kit.embedded import Dsns, EmbeddedPostgres
from app.kit.pgtools import EmbeddedError, free_port, free_ports, port_is_free
from app.kit.settings import keep_secret_key
from app.supervisor import ChildError, Supervisor

T = TypeVar("T")
# Everything the demo keeps in the data folder; the rest of the folder is somebody else's.
KEPT = ("postgres", "exports", "simulators", "logs", "secret.key", "audit", "demo.json")
# A process that ends by itself more often than this has a reason that starting it again does not cure.
RESTARTS, WITHIN_SECONDS = 5, 60.0
# What others did to it says nothing about it, nor does an end in order.
ENDED_BY_OTHERS = (0, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Options:
    reset: bool = False
    pace: float = 1.0
    print_json: bool = False
    port: int | None = None
    days: int = 90


@dataclass(slots=True)
class World:
    """What has been started so far."""

    folder: Path
    screen: Console
    crew: Supervisor
    ports: dict[str, int] = field(default_factory=dict)
    dsns: Dsns | None = None
    url: str = ""
    hardware: dict[str, Any] = field(default_factory=dict)

    def keep(self) -> None:
        """Write down what runs, for the next start and for `--stop`."""
        pids = {child.name: child.pid for child in self.crew.children}
        demo_state.keep(self.folder, url=self.url, ports=self.ports, pids=pids)

    def step(self, words: str, work: Callable[[], T]) -> T:
        """Do a step while its name is on the screen, then say how long it took."""
        started = time.monotonic()
        with self.screen.status(words):
            done = work()
        self.screen.print(f"[green]✓[/green] {words} [dim]{time.monotonic() - started:.1f} s[/dim]")
        return done


class Ended(Exception):  # noqa: N818 - it is no error
    """Somebody asked the demo to end."""


def run(options: Options) -> int:
    """Start everything and stay until asked to end. The exit status: 0 ended as asked, 1 something failed."""
    from app import wiring

    given = wiring.settings()
    screen = Console(stderr=True, highlight=False)
    folder = given.data_dir.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    postgres = EmbeddedPostgres(folder / "postgres")
    with (folder / "demo.lock").open("a") as lock:
        if not demo_state.only_one(lock):
            url = demo_state.kept(folder).get("url")
            where = f", at {url}" if url else ""
            screen.print(f"[red]A demo runs here already[/red]{where}. Ctrl-C ends it there; or: lockyard demo --stop")
            return 1
        with _asked_to_end():
            try:
                with Supervisor(folder / "logs") as crew:
                    world = World(folder, screen, crew, demo_state.kept(folder).get("ports", {}))
                    _start(world, postgres, options, given.port if options.port is None else options.port)
                    _stay(world, postgres)
            except Ended:
                screen.print("\nEnding everything …")
                return 0
            except (ChildError, demo_report.NoTokenError) as error:
                screen.print(str(error), style="red", markup=False)
                return 1
            finally:
                postgres.stop()
                screen.print("[green]✓[/green] ended; the data stays in " + str(folder))
    return 0


def stop() -> None:
    """End a demo that runs on this data folder, or what a killed one left behind."""
    from app import wiring

    folder = wiring.settings().data_dir.resolve()
    if not folder.exists():
        return
    with (folder / "demo.lock").open("a") as lock:
        pid = demo_state.kept(folder).get("pid")
        if pid and not demo_state.only_one(lock):
            demo_hardware.end(pid)
            demo_state.wait_for(lock)
        demo_hardware.end_leftovers(demo_state.kept(folder).get("pids", {}))
        EmbeddedPostgres(folder / "postgres").stop()


def seed_only(days: int) -> None:
    """Fill the database that the settings name."""
    from app import seed, wiring

    given = wiring.settings()
    urls = demo_hardware.usual_urls(demo_state.kept(given.data_dir.resolve()).get("ports", {}))
    asyncio.run(seed.seed(wiring.dsns(given), key=given.key, urls=urls, days=days))


def _start(world: World, postgres: EmbeddedPostgres, options: Options, port: int) -> None:
    demo_hardware.end_leftovers(demo_state.kept(world.folder).get("pids", {}))
    if options.reset:
        world.step("forgetting the old world", lambda: _forget(world.folder, postgres))
        world.ports.clear()
    world.dsns = world.step("database", postgres.start)
    key = keep_secret_key(world.folder)
    world.step("migrations", lambda: _migrate(world.dsns))
    _choose_ports(world)
    _fill(world, key, options.days)
    env = _environment(world, key)
    web = ["app.cli", "serve", "--host", "127.0.0.1", "--port", str(_web_port(world, port))]
    hardware = _together(
        world,
        {
            "simulated hardware": lambda: demo_hardware.start(world.crew, world.folder, world.ports, world.dsns),
            "API": lambda: world.crew.start("api", web, env, wait=60),
            "worker": lambda: world.crew.start("worker", ["app.cli", "worker"], env, wait=60),
        },
    )
    world.hardware, api = hardware["simulated hardware"], hardware["API"]
    world.url = str(api.ready["url"]).rstrip("/")
    # Before the people: they sign in too, all at once, and hashing takes its time on purpose.
    tokens = demo_report.tokens(world.url) if options.print_json else {}
    if options.pace > 0:
        asked = {"url": world.url, "pace": options.pace, "controls": world.hardware["controls"]}
        people = ["app.demo_people"]
        world.step("people", lambda: world.crew.start("people", people, env, stdin=json.dumps(asked)))
    world.keep()
    if options.print_json:
        demo_report.print_json(world, tokens)
    else:
        demo_report.announce(world)


def _together(world: World, works: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Steps that need not wait for each other: each spends most of its time loading its own code."""
    started = time.monotonic()

    def timed(words: str) -> Any:
        done = works[words]()
        world.screen.print(f"[green]✓[/green] {words} [dim]{time.monotonic() - started:.1f} s[/dim]")
        return done

    with ThreadPoolExecutor(max_workers=len(works)) as threads:
        return dict(zip(works, threads.map(timed, works), strict=True))


def _stay(world: World, postgres: EmbeddedPostgres) -> None:
    """Start again what ends, for as long as it takes: only what ends by itself again and again is given up."""
    deaths: list[float] = []
    while True:
        time.sleep(0.3)
        deaths = [death for death in deaths if death > time.monotonic() - WITHIN_SECONDS]
        if not postgres.running():
            world.screen.print("[yellow]the database ended; starting it again[/yellow]")
            try:
                postgres.start()
            except EmbeddedError as error:
                # Somebody may have ended it while it started.
                _count(deaths, str(error))
                continue
        child = world.crew.ended()
        if child is not None:
            status = child.process.returncode
            if status not in ENDED_BY_OTHERS:
                _count(deaths, f"{child.name} keeps ending; its log is {child.log}\n{child.tail()}")
            world.screen.print(f"[yellow]{child.name} ended with {status}; starting it again[/yellow]")
            world.crew.restart(child)
            world.keep()


def _count(deaths: list[float], words: str) -> None:
    deaths.append(time.monotonic())
    if len(deaths) > RESTARTS:
        raise ChildError(words)


def _fill(world: World, key: str, days: int) -> None:
    assert world.dsns is not None
    if asyncio.run(demo_hardware.is_filled(world.dsns)):
        return
    from app import seed
    from app.kit.settings import decode_key

    started = time.monotonic()
    columns = (TextColumn("  {task.description}"), *Progress.get_default_columns()[1:])
    with Progress(*columns, console=world.screen, transient=True) as progress:
        tasks: dict[str, Any] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step, total=total)
            progress.update(tasks[step], completed=done, total=total)

        urls = demo_hardware.usual_urls(world.ports)
        asyncio.run(seed.seed(world.dsns, key=decode_key(key), urls=urls, days=days, progress=report))
    world.screen.print(
        f"[green]✓[/green] operators, sites, banks and history [dim]{time.monotonic() - started:.1f} s[/dim]"
    )


def _migrate(dsns: Dsns | None) -> None:
    from migrations import heads

    assert dsns is not None
    if not asyncio.run(heads.is_current(dsns.owner)):
        from migrations import run as migrations

        migrations.upgrade(dsns.owner)


def _choose_ports(world: World) -> None:
    """Hardware stays where it was; a port that somebody took meanwhile is replaced."""
    for name in demo_hardware.PORTS:
        if name not in world.ports or not port_is_free(world.ports[name]):
            world.ports[name] = free_port()
    for name, count in demo_hardware.port_rows().items():
        first = world.ports.get(name, 0)
        if not first or not all(port_is_free(first + place) for place in range(count)):
            world.ports[name] = free_ports(count)
    world.keep()


def _web_port(world: World, port: int) -> int:
    if port == 0:
        return free_port()
    if port_is_free(port):
        return port
    other = next((near for near in range(port + 1, port + 20) if near < 65536 and port_is_free(near)), 0) or free_port()
    world.screen.print(f"[yellow]Port {port} is taken by another program; using {other} instead.[/yellow]")
    return other


def _environment(world: World, key: str) -> dict[str, str]:
    assert world.dsns is not None
    return {
        "LOCKYARD_DATA_DIR": str(world.folder),
        "LOCKYARD_DATABASE_URL": world.dsns.app,
        "LOCKYARD_WORKER_DATABASE_URL": world.dsns.worker,
        "LOCKYARD_OWNER_DATABASE_URL": world.dsns.owner,
        "LOCKYARD_SECRET_KEY": key,
    }


def _forget(folder: Path, postgres: EmbeddedPostgres) -> None:
    postgres.stop()
    for name in KEPT:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    (folder / "logs").mkdir()


@contextmanager
def _asked_to_end() -> Iterator[None]:
    """The first Ctrl-C or SIGTERM ends the demo in order; the ones after it would only cut that short."""

    def end(number: int, _frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise Ended(number)

    before = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
