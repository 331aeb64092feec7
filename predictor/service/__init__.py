"""REST and the web page: one patient in, one answer out, nothing kept."""
