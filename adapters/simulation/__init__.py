"""What all simulators have in common: doors with counters, faults, one control interface. No adapter uses it."""
