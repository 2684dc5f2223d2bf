"""Which household is meant: the grammar of addresses, what was heard of it, and the belief that follows."""
