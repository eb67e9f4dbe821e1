"""The check of the audit log: written apart from what seals it, from the published format alone."""
