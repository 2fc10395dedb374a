"""Derivations: records in, cohort out, patient by patient. Nothing is read from a file and nothing is tested."""
