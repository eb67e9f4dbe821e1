"""Handover: passes handed to couriers and recipients, and what becomes of a stay when one was used."""
