"""The shell scripts of a build. Commands of the buildspec stand in files of their own and are sourced, never pasted.

One driver runs inside the isolation for the whole build and takes one line per script to run from its standard input.
Each script is one shell (buildspec 0.2): it restores variables and folder of the last one, runs its commands in order,
and tells how each went by a mark in the output (see `transcript`).
"""

from dataclasses import dataclass
from shlex import quote

DRIVER = "driver.sh"
FINISH = "finish.sh"
ENVIRONMENT = "environment.sh"


@dataclass(frozen=True)
class Places:
    """Where things are as the build sees them."""

    volume: str
    """Writable: source in `src`, home in `home`, saved state in `.lockgate`."""
    control: str
    """Scripts and the registry's socket; read-only where there is isolation."""
    temporary: str

    @property
    def source(self) -> str:
        """The folder in which the first command runs."""
        return f"{self.volume}/src"

    @property
    def state(self) -> str:
        """Where variables and folder are kept between shells."""
        return f"{self.volume}/.lockgate"


def environment_script(variables: dict[str, str]) -> str:
    """Exports every variable, whatever is in its value."""
    return "".join(f"export {name}={quote(value)}\n" for name, value in variables.items())


def driver(places: Places, nonce: str, *, processes_max: int, start: str) -> str:
    """The script that runs the others. `processes_max` 0 sets no limit; `start` is a command to run first, or ""."""
    limit = f"ulimit -u {processes_max} 2>/dev/null || ulimit -p {processes_max} 2>/dev/null\n" if processes_max else ""
    return (
        f"{limit}"
        f"{start}\n"
        f"printf '\\036{nonce} ready\\n'\n"
        "while read -r shell script succeeding; do\n"
        f'  "$shell" {quote(places.control)}/"$script" "$succeeding" </dev/null\n'
        f'  printf \'\\036{nonce} ended %s %s\\n\' "$script" "$?"\n'
        "done\n"
    )


def phase_script(places: Places, nonce: str, commands: list[str]) -> str:
    """Runs command files in order in one shell; stops with the exit code of the first that fails."""
    parts = [_restore(places)]
    for number, name in enumerate(commands):
        parts.append(
            f"printf '\\036{nonce} begin {number}\\n' >&9\n"
            f". {quote(f'{places.control}/{name}')}\n"
            f"{{ lockgate_code=$?; {_save(places)}; }} 2>/dev/null\n"
            f"{{ printf '\\036{nonce} exit {number} %s\\n' \"$lockgate_code\" >&9; "
            '[ "$lockgate_code" -eq 0 ] || exit "$lockgate_code"; } 2>/dev/null\n'
        )
    return "".join(parts)


def finish_script(places: Places, nonce: str, exported: list[str], names: dict[str, str]) -> str:
    """Tells the values of exported variables, and what the shell makes of the names of artifacts."""
    values = [_tell(nonce, f"value {variable}", f'printf %s "${{{variable}-}}"') for variable in exported]
    # A here-document expands variables and commands as double quotes do, and leaves quotes alone.
    told = [_tell(nonce, f"name {key}", f"cat <<{nonce}", f"\n{name}\n{nonce}\n") for key, name in names.items()]
    return "".join([_restore(places), *values, *told])


def _restore(places: Places) -> str:
    state, control = quote(places.state), quote(places.control)
    return (
        f"if [ -s {state}/environment ]; then . {state}/environment; else . {control}/{ENVIRONMENT}; fi\n"
        'export CODEBUILD_BUILD_SUCCEEDING="$1"\n'
        "set --\n"
        f'[ -s {state}/folder ] && cd -- "$(cat {state}/folder)" 2>/dev/null || cd -- {quote(places.source)}\n'
        "exec 9>&1\n"  # marks reach the log even when a command sends its shell's output elsewhere
    )


def _save(places: Places) -> str:
    state = quote(places.state)
    return f"export -p >| {state}/environment; pwd >| {state}/folder"


def _tell(nonce: str, words: str, command: str, document: str = "") -> str:
    """Prints a mark with what a command prints, in base64, so that it may hold anything."""
    return f"printf '\\036{nonce} {words} %s\\n' \"$({command} | base64 | tr -d '\\n'{document})\" >&9\n"
