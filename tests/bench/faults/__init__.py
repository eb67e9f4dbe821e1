"""Every vendor under every fault, and the background process killed at every step of an order; counted at the doors."""
