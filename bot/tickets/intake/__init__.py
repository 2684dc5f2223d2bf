"""What arrives, kept before it is understood, and given to a person where it is not."""
