"""Setting a compartment aside for somebody."""
