"""Access: who may have a door opened now, and what an opening means for the stay behind it."""
