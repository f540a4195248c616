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
    scene: Scene | None = None
    try:
        scene = open_scene(show, folder, port)
        if repository is None:
            story.tell(scene)
        else:
            own.tell(scene, repository)
        code = 0
    except Problem as problem:
        show.fail(problem)
        code = 1
    except KeyboardInterrupt:
        code = 130
    try:
        if scene is not None and code == 0:
            _close(scene, leave=leave)
    except KeyboardInterrupt:
        show.say("stopping")
    finally:
        if scene is not None:
            scene.machine.stop_all()
    if scene is not None and leave and scene.machine.strays():
        show.fail(NotAsTold(what="after the end", expected="no process of the demonstration", came=str(scene.machine.strays())))
        return 1
    return code


def _close(scene: Scene, *, leave: bool) -> None:
    show = scene.show
    show.console.print(f"\n[bold green]Every step was as told[/], in {show.seconds:.0f} s.")
    if leave:
        return
    show.console.print("\nLook around; the service runs until Ctrl-C:")
    for path, what in story.pages(scene):
        show.console.print(f"   {scene.api.url}{path}   [dim]{what}[/]")
    show.console.print(f"   token to log in with: [dim]cat {scene.machine.folder / 'data' / 'admin-token'}[/]")
    wait_for_exit([])
