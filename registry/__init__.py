"""The package registry: domains, package repositories, packages of every format, upstreams, and the clients' protocols."""
