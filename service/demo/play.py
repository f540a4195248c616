"""Plays the story from the first to the last step and cleans up."""

from pathlib import Path

from service.demo import own, story
from service.demo.machine import wait_for_exit
from service.demo.scene import Scene, open_scene
from service.demo.show import NotAsTold, Show
from service.kernel.errors import Problem


def play(folder: Path, port: int, *, leave: bool, repository: Path | None) -> int:
    """Answers the exit code: 0 only if every step was as told."""
    show = Show()
    show.console.print("[bold]Lockgate[/]: from git push to a profiled service, on this machine")
    try:
        scene = open_scene(show, folder, port)
    except Problem as problem:
        show.fail(problem)
        return 1
    try:
        code = _tell(scene, repository)
        if code == 0 and not leave:
            _look_around(scene, story.pages(scene) if repository is None else own.pages(repository))
    except KeyboardInterrupt:
        show.say("stopping")
        code = 0 if not leave else 130
    finally:
        scene.machine.stop_all()
    left = scene.machine.strays()
    if left:
        show.fail(NotAsTold(what="after the end", expected="no process of the demonstration", came=left))
        return 1
    return code


def _tell(scene: Scene, repository: Path | None) -> int:
    try:
        if repository is None:
            story.tell(scene)
        else:
            own.tell(scene, repository)
    except Problem as problem:
        scene.show.fail(problem)
        scene.show.say(f"what the service said is in {scene.machine.folder / 'serve.log'}")
        return 1
    scene.show.console.print(f"\n[bold green]Every step was as told[/], in {scene.show.seconds:.0f} s.")
    return 0


def _look_around(scene: Scene, pages: list[tuple[str, str]]) -> None:
    show = scene.show
    show.console.print("\nLook around; the service runs until Ctrl-C:")
    for path, what in pages:
        show.console.print(f"   {scene.api.url}{path}   [dim]{what}[/]")
    show.console.print(f"   token to log in with: [dim]cat {scene.machine.folder / 'data' / 'admin-token'}[/]")
    wait_for_exit([])
