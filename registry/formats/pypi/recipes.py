"""What a reader types to install from a package repository or to publish to it, for each client of Python packages."""

from registry.formats import Address, Recipe


def install(address: Address, package: str, version: str) -> list[Recipe]:
    """How to install one version."""
    index_url, plain = address.with_credentials("pypi", "simple/"), address.url("pypi", "simple/")
    pinned = f"{package}=={version}"
    source = f"poetry source add --priority=primary lockgate {plain}"
    return [
        Recipe("pip", f"{_login(address, 'pip')}\npip install {pinned}"),
        Recipe("pip, once", f'pip install --index-url "{index_url}" {pinned}'),
        Recipe("uv", f"{_login(address, 'uv')}\nuv pip install {pinned}"),
        Recipe("poetry", f"{_login(address, 'poetry')}\n{source}\npoetry add {package}@{version}"),
        Recipe("pdm", f"{_login(address, 'pdm')}\npdm add {pinned}"),
        Recipe("hatch", f"{_login(address, 'uv')}\nhatch run uv pip install {pinned}"),
    ]


def publish(address: Address) -> list[Recipe]:
    """How to publish: only after a login that worked, lest the package go where the client would send it by itself."""
    return [
        Recipe("twine", f"{_login(address, 'twine')} &&\ntwine upload --repository lockgate dist/*"),
        Recipe("uv", f"{_login(address, 'uv')} &&\nuv publish --index lockgate"),
        Recipe("poetry", f"{_login(address, 'poetry')} &&\npoetry publish --build --repository lockgate"),
        Recipe("pdm", f"{_login(address, 'pdm')} &&\npdm publish --repository lockgate"),
        Recipe("hatch", f"{_login(address, 'hatch')} &&\nhatch build && hatch publish"),
    ]


def _login(address: Address, client: str) -> str:
    return f"lockgate login {client} --server {address.server} --domain {address.domain} --repository {address.repository}"
