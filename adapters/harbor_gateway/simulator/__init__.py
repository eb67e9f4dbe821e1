"""Gateways with their lockers, in their own network and behind the vendor's cloud, with the vendor's own retries."""
