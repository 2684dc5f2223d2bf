"""What every room stands on: errors, retries, loops that run on, words. It knows no other room."""
