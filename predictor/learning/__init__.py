"""Fitting: preparation, estimators, tuning inside the training folds."""
