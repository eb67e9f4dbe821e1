"""Pitney lockers: the vendor's cloud opens doors and keeps reservations; it tells no door state and pushes nothing."""
