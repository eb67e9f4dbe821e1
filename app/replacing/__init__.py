"""Replacing: another controller, or another account, behind the same doors."""
