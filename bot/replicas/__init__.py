"""Several services on one database: who is there, and what belongs to whom."""
