"""Kerong KR-CU16 and kin: RS485 boards of 16 locks that tell door and item; their acknowledgements prove nothing."""
