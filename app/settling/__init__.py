"""Settling: what reading back says of an order whose answer is missing."""
