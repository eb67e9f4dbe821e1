"""Lockyard: parcel lockers across many sites. Files here compose; folders here know the business."""
