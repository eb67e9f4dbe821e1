"""Parcels: the things carried, found by their tracking numbers."""
