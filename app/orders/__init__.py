"""Keeper: the hand on one bank. Sends its commands one by one, reads its doors, settles what is uncertain."""
