"""From a bundle and one patient to an answer; needs nothing that fits models."""
