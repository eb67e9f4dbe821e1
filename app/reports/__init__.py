"""Reports: exports as jobs, and occupancy over time."""
