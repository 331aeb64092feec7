"""What has been learned, as data that can only be applied; and the bundle that holds it."""
