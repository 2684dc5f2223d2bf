"""What is owed to people: pages, news, questions, calls."""
