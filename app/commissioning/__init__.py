"""Bringing banks in, and keeping our record of them right."""
