"""A service that dies again and again, residents and staff who go on all the same, and what they are owed."""
