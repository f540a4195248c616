"""Source text in, findings out. A library: no web, no database; usable from a hook without the service."""
