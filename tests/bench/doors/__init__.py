"""Units that come to be called otherwise while doors are opened: how often the wrong one opens."""
