"""Benchmarks: the product beside others, on one database, in one run. Never part of the test suite."""
