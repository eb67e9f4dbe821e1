"""Placing: at banks whose vendor chooses the compartment, a stay's claim becomes its place."""
