"""Harbor Gateway: a box in the bank that chooses the locker itself, opens it when asked and tells its door state."""
