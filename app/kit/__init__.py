"""Plumbing that knows no business: database, clock, ids, errors, outbox, streams, paging, files, reading."""
