"""Likeness: whether a bank, and a compartment of it, still is what was taken over."""
