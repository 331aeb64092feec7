"""The contents of a report, computed as plain data from a bundle."""
