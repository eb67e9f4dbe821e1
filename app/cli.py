"""The command line: one command for each thing a person or a process manager starts."""

import gc
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

app = typer.Typer(
    name="lockyard",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
    help="""Parcel lockers across many sites, owners, carriers and hardware vendors.

New here? `lockyard demo` starts everything on this machine and tells where to look.

Running it for real: `lockyard migrate`, then `lockyard serve` (as many as you like) and `lockyard worker`
(one works, others stand by). Settings are environment variables, all of them in docs/settings.md.""",
)
audit = typer.Typer(no_args_is_help=True, help="Prove that the audit log is whole.")
app.add_typer(audit, name="audit")

adapter = typer.Typer(no_args_is_help=True, help="Try the hardware of others.")
app.add_typer(adapter, name="adapter")

Reset = Annotated[bool, typer.Option("--reset", help="Forget the demo's data and start over.")]
Pace = Annotated[
    float,
    typer.Option(
        min=0.0, max=100.0, help="How busy the demo people are; 0 sends nobody, 1 is a normal day in minutes."
    ),
]
PrintJson = Annotated[
    bool, typer.Option("--print-json", help="Print one JSON object when ready: addresses, tokens, process ids.")
]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")]
Days = Annotated[int, typer.Option(min=0, max=365, help="Days of history that a first start writes.")]
Stop = Annotated[bool, typer.Option("--stop", help="End a demo that runs on this data folder, and its database.")]


@contextmanager
def _loading() -> Iterator[None]:
    """What is imported stays: looking for garbage in it meanwhile takes a sixth of a process's start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@app.command()
def demo(
    reset: Reset = False,
    pace: Pace = 1.0,
    print_json: PrintJson = False,
    port: Port = None,
    days: Days = 90,
    stop: Stop = False,
) -> None:
    """Start a whole world here: database, API, worker, simulated hardware, people who use it. Ctrl-C ends it.

    The first start fills the database with history; later ones continue where you left.
    """
    from app import demo as world

    if stop:
        world.stop()
        return
    raise typer.Exit(world.run(world.Options(reset=reset, pace=pace, print_json=print_json, port=port, days=days)))


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default LOCKYARD_HOST.")] = None,
    port: Port = None,
) -> None:
    """Run the web process: the GraphQL API, its live streams and the dashboard."""
    with _loading():
        from app import main as web

    web.serve(host=host, port=port)


@app.command()
def worker() -> None:
    """Run the background process: sequencer, reactions, due jobs, reading of hardware."""
    with _loading():
        from app import worker as background

    background.main()


@app.command()
def migrate(
    to: Annotated[str, typer.Option(help="A step to go back to; `base` takes everything back.")] = "head",
    draft: Annotated[
        str | None, typer.Option(help="Write a new step with this title from what the code's tables have more.")
    ] = None,
    administrator: Annotated[
        str | None,
        typer.Option(help="An administrator's connection string: first make the roles and the database there, once."),
    ] = None,
) -> None:
    """Bring the database to the shape this version needs. Uses LOCKYARD_OWNER_DATABASE_URL, or the embedded server.

    On a new server, `--administrator postgresql://postgres:…@host/postgres` first makes the database and the
    three roles, with the passwords that stand in the three LOCKYARD_…DATABASE_URL variables.
    """
    from app import wiring
    from migrations import run

    if administrator:
        wiring.create_database(administrator)
    with wiring.embedded_while():
        dsn = wiring.owner_dsn()
        if draft:
            typer.echo(run.draft(dsn, draft))
        elif to == "head":
            run.upgrade(dsn)
        else:
            run.downgrade(dsn, to)


@app.command()
def seed(days: Annotated[int, typer.Option(min=0, max=365, help="Days of history to write.")] = 90) -> None:
    """Fill an empty database with the demo's operators, carriers, sites, banks and history."""
    from app import demo, wiring

    with wiring.embedded_while():
        demo.seed_only(days)


@app.command()
def simulate(
    vendor: Annotated[str, typer.Argument(help="As in adapters/README.md: `pitney`, `harbor`, `mqtt` …")],
    arguments: Annotated[list[str] | None, typer.Argument(help="Passed on; `-- --help` lists them.")] = None,
) -> None:
    """Run one vendor's simulated hardware on a real socket, to try an installation without doors."""
    import runpy

    known = {
        "frame_board": "adapters.generic.frame_board.simulator",
        "harbor": "adapters.harbor.simulator",
        "harbor_gateway": "adapters.harbor_gateway.simulator",
        "kerong_cu16": "adapters.generic.kerong_cu16.simulator",
        "modbus_io": "adapters.generic.modbus_io.simulator",
        "mqtt": "adapters.generic.mqtt.simulator",
        "pitney": "adapters.pitney.simulator",
    }
    if vendor not in known:
        raise typer.BadParameter(f"no simulator for {vendor!r}; there are {', '.join(sorted(known))}")
    sys.argv = [f"lockyard simulate {vendor}", *(arguments or [])]
    runpy.run_module(known[vendor], run_name="__main__")


@audit.command("verify")
def verify(
    tenant: Annotated[UUID | None, typer.Option(help="Only this tenant's log; default all.")] = None,
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="An exported log (NDJSON) instead of the database.")
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Its manifest; default the one beside it.")
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Trusted keys, as /audit-keys gives them.")
    ] = None,
    checkpoints: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Checkpoints kept elsewhere, one a line.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Check every seal and checkpoint; names the first entry that fails, and ends with 1 then.

    Without --keys and --checkpoints those in the data folder are taken.
    """
    from app import maintenance, wiring
    from app.kit.progress import bars
    from tenants.verification.model import UnreadableError

    try:
        with wiring.embedded_while(), bars() as progress:
            reports = maintenance.verify_audit(
                tenant=tenant, file=file, manifest=manifest, keys=keys, checkpoints=checkpoints, progress=progress
            )
    except UnreadableError as error:
        raise typer.BadParameter(str(error)) from error
    for report in reports:
        typer.echo(json.dumps(report) if as_json else report["text"])
    raise typer.Exit(0 if all(report["ok"] for report in reports) else 1)


@app.command()
def reseal() -> None:
    """Seal vendor credentials and pickup codes anew under the first of LOCKYARD_SEALING_KEYS; old keys may go then.

    May be ended at any moment and run again; the product may run meanwhile.
    """
    from app import maintenance, wiring
    from app.kit.seal import SealBroken

    with wiring.embedded_while():
        try:
            done = maintenance.reseal()
        except SealBroken as error:
            todo = "put the key it was sealed under into LOCKYARD_SEALING_KEYS, or enter what is sealed there again"
            raise typer.BadParameter(f"{error}: {todo}") from error
    for name, count in done.items():
        typer.echo(f"{name}: {count} sealed anew")


@adapter.command("check")
def check(
    connection: Annotated[str | None, typer.Argument(help="Name or id of a vendor account in the database.")] = None,
    bank: Annotated[str | None, typer.Option(help="The vendor's id of a bank to try on; default the first.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Also reserve, open and free a free unit there.")] = False,
    vendor: Annotated[str | None, typer.Option(help="Without a database: which vendor …")] = None,
    url: Annotated[str, typer.Option(help="… at which address …")] = "",
    setting: Annotated[list[str] | None, typer.Option(help="… with which settings, each name=value …")] = None,
    secret_env: Annotated[
        list[str] | None, typer.Option(help="… and which secrets, each name=VARIABLE of the environment.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each finding as a line of JSON.")] = False,
) -> None:
    """Tell whether a real vendor account answers as its contract says, operation by operation, and what to change.

    Reads only, unless `--write` is given. Ends with 1 when something failed, with 2 when nothing could be tried.
    """
    from app import trial

    if (connection is None) == (vendor is None):
        raise typer.BadParameter("name a vendor account, or say --vendor and --url")
    try:
        if vendor:
            tried = trial.described(vendor, url, setting or (), secret_env or ())
        else:
            tried = trial.known(str(connection), write=write)
        findings = []
        for finding in trial.findings(tried, bank, write=write):
            typer.echo(json.dumps(asdict(finding)) if as_json else finding.text)
            findings.append(finding)
    except (trial.NotFoundHere, trial.Refused, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    raise typer.Exit(1 if any(finding.ok is False for finding in findings) else 0)


@app.command("export-schema")
def export_schema(
    to: Annotated[Path | None, typer.Argument(help="File to write; default standard output.")] = None,
) -> None:
    """Print the public GraphQL schema as SDL; the committed copy is schema/schema.graphql."""
    from schema.schema import sdl

    text = sdl()
    if to is None:
        typer.echo(text, nl=False)
    else:
        to.write_text(text)


def main() -> None:
    """Entry point of the `lockyard` script."""
    from app.kit.pgtools import EmbeddedError
    from app.kit.settings import SettingsError

    try:
        app()
    except (SettingsError, EmbeddedError) as error:
        typer.secho(str(error), err=True, fg=typer.colors.RED)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
