"""Residents and staff in messengers."""
