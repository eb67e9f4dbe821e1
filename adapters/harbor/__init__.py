"""Harbor Lockers' towers: offline lockers whose doors open to signed tokens that phones carry."""
