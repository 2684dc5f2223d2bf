"""When several reports are one outage, and what becomes of them."""
