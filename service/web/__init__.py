"""The frame of every page: templates, styles, home, login, search, settings, audit."""
