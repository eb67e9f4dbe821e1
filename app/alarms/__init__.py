"""Alarms: conditions that need a person, and what people did about them."""
