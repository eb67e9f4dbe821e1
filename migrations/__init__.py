"""The database's shape over time: `run` applies it, `walls` puts tenants apart, `versions` holds the steps."""
