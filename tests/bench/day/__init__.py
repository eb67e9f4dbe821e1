"""A day of 24 hours at many banks, in minutes: real adapters, real sockets, one call in twenty failing."""
