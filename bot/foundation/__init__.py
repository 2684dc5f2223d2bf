"""What every room may stand on: it knows nothing of Gege."""
