"""How good the procedure is: resampling results into tables."""
