"""The only room that imports mlflow: receives a finished run and sends it."""
