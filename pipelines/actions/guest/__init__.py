"""Programs that are copied into a build and run there: standard library only, nothing of the service."""
