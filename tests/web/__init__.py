"""The frame of every page, logging in, the pages of the git host."""
