"""Analyses: cohort in, rows of the results table out, one file for one question."""
