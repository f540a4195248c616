"""Builds: a buildspec, its phases in isolation under limits that hold, and what they made. No web, no database."""
