"""Introducing: whom a vendor's address book must know before a reservation names them."""
