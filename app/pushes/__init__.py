"""Pushes: what vendors post to us by themselves. Kept once, believed never: the books are read again."""
