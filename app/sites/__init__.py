"""Sites: a place with an address, a time zone and banks of lockers."""
