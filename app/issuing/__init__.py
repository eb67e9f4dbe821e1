"""Issuing: asking vendors for passes, and keeping what they give for whoever may carry it."""
