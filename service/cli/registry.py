"""`lockgate registry`: the package registry's own administration."""

import click

from service.cli.advisories import advisories


@click.group()
def registry() -> None:
    """The package registry: vulnerability data."""


registry.add_command(advisories)
