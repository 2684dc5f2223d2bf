"""The wiring: each part made once, then served."""
