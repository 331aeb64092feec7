"""Pure formulas on (outcome, probability)."""
