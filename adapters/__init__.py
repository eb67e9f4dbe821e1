"""Everything Lockyard knows about other people's hardware: one folder a vendor, all of one shape."""
