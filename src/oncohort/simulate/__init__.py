"""Synthetic cohorts: from published margins to dated records, everything marked synthetic."""
