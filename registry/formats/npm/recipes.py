"""What a reader types to install from a package repository or to publish to it, for each client of npm packages."""

from registry.formats import Address, Recipe


def install(address: Address, package: str, version: str) -> list[Recipe]:
    """How to install one version."""
    registry = address.url("npm")
    scope = package.partition("/")[0] if package.startswith("@") else ""
    pinned = f"{package}@{version}"
    # yarn 2 and pnpm hold back what was published lately; a scope can be excepted, and login does that.
    scoped = f" --scope {scope}" if scope else ""
    return [
        Recipe("npm", f"{_login(address, 'npm')}\nnpm install {pinned}"),
        Recipe("yarn", f"{_login(address, 'yarn')}{scoped}\nyarn add {pinned}"),
        Recipe("yarn 1", f"{_login(address, 'yarn-classic')}\nyarn add {pinned}"),
        Recipe("pnpm", f"{_login(address, 'pnpm')}{scoped}\npnpm add {pinned}"),
        Recipe(".npmrc", f"{scope + ':' if scope else ''}registry={registry}\n{registry.partition(':')[2]}:_authToken=${{LOCKGATE_TOKEN}}"),
    ]


def publish(address: Address) -> list[Recipe]:
    """How to publish: only after a login that worked, lest the package go where the client would send it by itself."""
    registry = address.url("npm")
    return [
        Recipe("npm", f"{_login(address, 'npm')} &&\nnpm publish --registry {registry}"),
        Recipe("pnpm", f"{_login(address, 'pnpm')} &&\npnpm publish --registry {registry}"),
        Recipe("yarn", f"{_login(address, 'yarn')} &&\nyarn npm publish"),
        Recipe("yarn 1", f"{_login(address, 'yarn-classic')} &&\nyarn publish"),
    ]


def _login(address: Address, client: str) -> str:
    return f"lockgate login {client} --server {address.server} --domain {address.domain} --repository {address.repository}"
