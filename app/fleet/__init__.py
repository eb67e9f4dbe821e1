"""Fleet: a keeper for every bank there is, in one process at a time."""
