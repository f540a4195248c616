"""Deployments: applications, groups of hosts, and revisions that travel to them through appspec hooks."""
