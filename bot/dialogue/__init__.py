"""Rasa behind one port."""
