"""Who of the staff comes in: devices that are signed in, passwords of desks, what was looked at, and shutting all of it."""
