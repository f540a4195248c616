"""One file for each rule; found by being here."""
