"""Books: reservations that a vendor's books have yet to hear of, because its bank did not answer."""
