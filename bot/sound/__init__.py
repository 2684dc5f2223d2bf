"""What was heard and what may have been meant."""
