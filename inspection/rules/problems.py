"""What is wrong with an input, as data: the rules return problems, and services turn them into errors."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: where it is (an RFC 6901 JSON pointer), a stable English code, a Chinese message.

    The message is for the person who can mend it, and says what to do. The pointer of the whole document is "".
    """

    path: str
    code: str
    message: str


def pointer(*parts: str | int) -> str:
    """The RFC 6901 JSON pointer of the keys and list positions `parts`: `pointer("a/b", 0)` is `/a~1b/0`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


class ProblemsError(Exception):
    """An input that is wrong; `problems` names all that is."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{problem.path}: {problem.message}" for problem in problems))
        self.problems = problems
