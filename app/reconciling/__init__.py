"""Reconciling: in what a bank differs from our record is taken over, or the bank confirmed, on purpose."""
