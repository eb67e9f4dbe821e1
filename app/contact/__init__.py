"""Contact: whether a bank answers, and what it tells of each of its compartments."""
