"""Modules with outputs, inputs and doors, on Modbus TCP or RTU: `python -m adapters.generic.modbus_io.simulator`."""
