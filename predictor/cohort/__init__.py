"""From a file to a checked cohort, with every problem named and every exclusion counted."""
