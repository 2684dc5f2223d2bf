"""What answers a call, rings people and puts callers through."""
