"""A report as one HTML file: figures as SVG drawn from their tables, and no outside request."""
