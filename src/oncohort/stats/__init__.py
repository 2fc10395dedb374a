"""Statistics: NumPy arrays in, frozen records out. Formulas and conventions: ``docs/methods.md``."""
