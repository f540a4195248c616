"""Stories of the registry, told with its real clients."""
