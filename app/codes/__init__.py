"""Codes: a vendor's pickup code that was lost on its way is asked for once more."""
