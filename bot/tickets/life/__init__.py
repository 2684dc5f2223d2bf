"""A ticket's life: opened, handled, added to, closed."""
