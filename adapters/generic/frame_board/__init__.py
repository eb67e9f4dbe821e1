"""Cheap RS485 lock boards of several families: one engine, each family a table of frames; one of them pushes."""
