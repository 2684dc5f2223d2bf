"""A simulated county of residents: who they are, how they talk, and whether what came of it was right."""
