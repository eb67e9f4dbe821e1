"""Stays: a compartment set aside for one recipient and their parcels, from reservation to release."""
