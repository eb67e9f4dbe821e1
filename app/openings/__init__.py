"""Opening several doors at once: one person asks, a second one approves."""
