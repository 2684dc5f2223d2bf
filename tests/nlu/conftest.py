"""Rasa's modules, without TensorFlow, before anything here imports them."""

from __future__ import annotations

from bot.dialogue import rasa_lite

rasa_lite.install()
