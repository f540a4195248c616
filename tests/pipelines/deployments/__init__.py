"""Deployments: planners, bundles, agents, and whole deployments through the front door."""
