"""Speech recognised and spoken; audio formats."""
