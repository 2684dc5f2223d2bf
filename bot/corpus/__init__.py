"""Speech that residents allowed to be used for research: their consents, and the corpus that is made of it."""
