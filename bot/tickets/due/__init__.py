"""What is due later: timers, deadlines, working hours, and what is stuck."""
