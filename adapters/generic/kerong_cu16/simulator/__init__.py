"""Lines of CU16 boards with doors and parcels: `python -m adapters.generic.kerong_cu16.simulator`."""
