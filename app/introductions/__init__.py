"""Introductions: a person stands in a vendor's address book before a reservation names them there."""
