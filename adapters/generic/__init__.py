"""Controllers anybody can buy: one folder a driver, over one transport."""
