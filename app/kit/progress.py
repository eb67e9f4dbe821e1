"""Progress bars for whoever waits at a terminal; silent where nobody looks."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# (what is being done, done, of how many)
Report = Callable[[str, int, int], None]


@contextmanager
def bars() -> Iterator[Report]:
    """A bar on standard error for each thing that is reported about."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        tasks: dict[str, TaskID] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=total)
            shown.update(tasks[what], completed=done, total=total)

        yield report
