"""Organizations, accounts, memberships, sessions and API keys."""
