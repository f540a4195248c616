"""Pipelines: what happens to a commit, from its review to the hosts it runs on. Builds and deployments live below."""
