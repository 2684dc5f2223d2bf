"""What a service talks to, played: messengers' servers, a gateway, a database of its own."""
