"""Rasa's custom actions: thin, they ask `bot.grid` and act through `bot.tickets`."""
