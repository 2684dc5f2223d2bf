"""Our own SIP user agent: calls straight from a telephone adapter or a trunk."""
