"""The nouns: protocol, records, cohort, results. Nothing is read and nothing is computed here."""
