"""What leaves the house: a release archive that needs no git, its list of parts, and everybody's licences."""
