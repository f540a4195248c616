"""Containers with the run of the machine."""

import re

import libcst as cst

from analyzers.calls import CallRule
from analyzers.literal import resolve
from analyzers.syntax import argument, string_value

_CLIENTS = ("docker.from_env()", "docker.DockerClient()", "docker.client.DockerClient()", "docker.client.from_env()")
_SOCKET = re.compile(r"docker\.sock|^/(etc|root|proc|sys)?/?(:|$)")
_REQUEST = re.compile(r"request\.(args|form|json|GET|POST|data)\b")


class DockerContainer(CallRule):
    """The container can leave its walls: it is privileged, gets the host's files, or runs an image that a request names.

    What runs in it then has the rights of the machine's administrator.

    Fix: leave `privileged` off, add single capabilities, mount single folders, and choose images from a fixed list.
    """

    severity = "high"
    cwe = 250
    prior = 0.75
    references = ("https://cheatsheetseries.owasp.org/cheatsheets/Docker_Security_Cheat_Sheet.html",)
    triggers = ("docker",)
    calls = frozenset(f"{client}.containers.{verb}" for client in _CLIENTS for verb in ("run", "create"))
    invalid = (
        "import docker\nc = docker.from_env()\nc.containers.run('alpine', privileged=True)",
        "import docker\ndocker.from_env().containers.run('alpine', volumes=['/var/run/docker.sock:/var/run/docker.sock'])",
        "from docker import from_env\ndef f(request):\n    from_env().containers.run(request.args['image'])",
        "import docker\nc = docker.DockerClient()\nc.containers.create('a', volumes={'/': {'bind': '/host'}})",
        "import docker as d\nclass A:\n    def f(self):\n        d.from_env().containers.run('a', pid_mode='host')",
        "import docker\nc = docker.from_env()\nc.containers.run(image='a', network_mode='host', privileged=True)",
    )
    valid = (
        "import docker\ndocker.from_env().containers.run('alpine', 'ls')",
        "import docker\ndocker.from_env().containers.run('alpine', privileged=False)",
        "import docker\ndocker.from_env().containers.run('alpine', volumes=['/srv/data:/data'])",
        "import docker\ndef f(image):\n    docker.from_env().containers.run(image)",
        "def f(docker):\n    docker.from_env().containers.run('a', privileged=True)",
        "import docker\ndocker.from_env().images.build(path='.')",
        "import docker\ndocker.from_env().containers.run('alpine', cap_add=['NET_ADMIN'])",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at options and image."""
        host = any(self.text(argument(node, word)) == "host" for word in ("pid_mode", "ipc_mode", "userns_mode"))
        if self.is_true(argument(node, "privileged")) or host or self._mounts_host(argument(node, "volumes")) or self._requested(node):
            self.report(node)

    def _mounts_host(self, volumes: cst.BaseExpression | None) -> bool:
        match None if volumes is None else resolve(volumes, self.scope):
            case cst.List(elements=elements):
                sources = [string_value(one.value) for one in elements]
            case cst.Dict(elements=elements):
                sources = [string_value(one.key) for one in elements if isinstance(one, cst.DictElement)]
            case _:
                sources = []
        return any(source is not None and bool(_SOCKET.search(source)) for source in sources)

    def _requested(self, node: cst.Call) -> bool:
        image = argument(node, "image", 0)
        return image is not None and bool(_REQUEST.search(self.context.module.code_for_node(resolve(image, self.scope))))
