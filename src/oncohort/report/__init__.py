"""The report: results in, a document out. Every number is looked up in the results table; none is computed or typed."""
