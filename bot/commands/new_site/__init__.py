"""What `gege init` asks, what it makes of the answers, and what this machine has to offer."""
