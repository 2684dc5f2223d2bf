"""What is in use, what is missing, and what to do about it."""
