"""Harbor's cloud, its offline towers and the phones between them: `python -m adapters.harbor.simulator`."""
