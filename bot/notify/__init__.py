"""What is owed to people, carried to them."""
