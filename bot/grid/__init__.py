"""Who lives where, and who serves them."""
