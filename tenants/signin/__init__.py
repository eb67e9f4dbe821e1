"""The doorbell: a password becomes a session."""
