"""What staff correct, and what Gege learns from it."""
