"""Gege: the assistant that answers a county power company's telephone and chat."""
