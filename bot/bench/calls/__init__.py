"""`gege bench calls`: whole calls, played from both ends, and what is left of them in the database."""
