"""The lines as TCP servers."""

from adapters.simulation.lines import LineServer

__all__ = ["LineServer"]
