"""The `lockgate` command. Subcommands are loaded when called, so that `--help` and `serve` start at once."""

import importlib
import sys
from typing import Any

import click

COMMANDS = {
    "serve": ("service.cli.serve", "Run the service: web, worker and git in one command."),
    "demo": ("service.cli.demo", "Show the whole release path on a sample project or one of yours."),
    "review": ("service.cli.review", "Review a folder or git tree without a server."),
    "build": ("service.cli.build", "Run a buildspec here, with the service's own executor."),
    "login": ("service.cli.login", "Point pip, uv, twine, poetry, pdm, hatch, npm, yarn, pnpm or git at this service."),
    "registry": ("service.cli.registry", "Package repositories, groups, versions, policies, tokens, advisories."),
    "admin": ("service.cli.admin", "Accounts, tokens and policies."),
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the subcommand's module."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(COMMANDS[cmd_name][0]), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lockgate")
def cli() -> None:
    """Lockgate: from git push through review, build, packages and deployment to a profiled application."""


def main(arguments: list[str] | None = None) -> Any:
    """Entry point. A Problem ends with its sentence and exit code 2, not with a traceback."""
    from service.kernel.errors import Problem  # after click's own start

    try:
        return cli(args=arguments, prog_name="lockgate")
    except Problem as problem:
        click.echo(f"lockgate: {problem.detail}", err=True)
        if problem.todo.strip():
            click.echo(f"          {problem.todo.strip()}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
