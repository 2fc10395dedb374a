"""oncohort: an oncology cohort study from patient records to publication."""
