"""The host agent: long-polls a Lockgate server and takes revisions through their lifecycle on this host."""
