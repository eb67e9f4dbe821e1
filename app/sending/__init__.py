"""Sending a bank its commands: whose turn it is, and the one call that moves something."""
