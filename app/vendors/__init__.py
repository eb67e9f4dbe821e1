"""A tenant's accounts at vendors: connecting them, asking what they hold, taking banks over, keeping both alike."""
