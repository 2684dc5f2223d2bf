"""The conversation by telephone."""
