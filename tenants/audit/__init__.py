"""The record of what was done, sealed in a chain that shows any later change."""
