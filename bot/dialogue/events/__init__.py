"""What turns meant and did, out through Rasa's event brokers, for statistics only (docs/decisions/0047-events-for-statistics.md)."""
