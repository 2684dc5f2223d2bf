"""What a month was like: six figures with their counts, what was missed with its evidence; sheets to take away."""
