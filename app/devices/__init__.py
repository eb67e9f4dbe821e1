"""Hardware: vendor connections, commands with a life, polling and reconciliation."""
