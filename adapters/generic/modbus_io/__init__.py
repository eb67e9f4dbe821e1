"""Relay and input modules on Modbus: any brand's outputs drive locks, its inputs see doors; some time the pulse."""
