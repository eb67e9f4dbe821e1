"""Carriers: organizations of their own, working for many operators by grants."""
