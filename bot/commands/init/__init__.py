"""`gege init`: eight questions, the settings of a site, and whether what they name is there."""
