"""SHAP values in clinical variables and units."""
