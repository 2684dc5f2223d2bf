"""The one room of all recordings."""
