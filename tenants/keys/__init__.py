"""API keys: a member's right to let a machine act, no further than the member's own."""
