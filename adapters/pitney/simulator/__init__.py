"""Pitney's cloud, its kiosks and their doors: `python -m adapters.pitney.simulator`."""
