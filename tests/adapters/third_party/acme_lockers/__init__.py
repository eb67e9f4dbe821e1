"""A vendor from outside: a box that opens doors on a line of text. Of ours it knows the port and the kit alone."""
