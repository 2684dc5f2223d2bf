"""Calling out: danger rings people until somebody presses 1; residents who cannot be written to are asked by telephone."""
