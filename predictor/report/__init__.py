"""From results to figures and pages."""
