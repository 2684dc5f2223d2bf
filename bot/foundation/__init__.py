"""What every room stands on: errors, logs, retries, loops that run on, words. It knows no other room."""
