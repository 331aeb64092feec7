"""Sending a finished run to MLflow: the only room that imports mlflow. It fits nothing."""
