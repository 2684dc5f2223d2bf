"""Personal data as the law sees it: what is kept of whom and how long, and what a person may have, correct and have deleted."""
