"""The house's own contracts for `make lint`."""
