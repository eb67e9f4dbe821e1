"""Everyone who can touch the system, what they may touch, and the record of what they did."""
