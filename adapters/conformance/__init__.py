"""The conformance kit: every adapter, ours or not, through every fault, beside a simulator of its hardware."""

from adapters.conformance.cells import Act, Cell, End, Seen, Strike
from adapters.conformance.faults import Fault
from adapters.conformance.rig import Bench, Rig, Truth

__all__ = ["Act", "Bench", "Cell", "End", "Fault", "Rig", "Seen", "Strike", "Truth"]
