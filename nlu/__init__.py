"""What Rasa learns from, and the components that make it hear dialect."""
