"""Lines of framed boards with doors: `python -m adapters.generic.frame_board.simulator`."""
