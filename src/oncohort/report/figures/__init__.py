"""Figures: from rows of the results to matplotlib Figure objects, and from those to SVG, PDF and PNG."""
