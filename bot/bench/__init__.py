"""All that is measured, and nothing that serves."""
