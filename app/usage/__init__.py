"""Usage: how much of every hour compartments were in use, summed up once the hour is over."""
