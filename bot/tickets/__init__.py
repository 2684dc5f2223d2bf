"""Tickets: every command is one transaction."""
