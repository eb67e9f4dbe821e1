"""Passes: ways in that somebody carries to a door on a phone, as a link or as digits for a keypad."""
