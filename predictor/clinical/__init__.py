"""What a variable means: the dictionary, its units, and how a raw entry becomes a number."""
