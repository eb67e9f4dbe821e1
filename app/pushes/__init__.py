"""Pushes: what vendors post to us by themselves. Kept once; what happened the books tell, and these by which pass."""
