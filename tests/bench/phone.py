"""What a phone downloads before it can work: the built entry, compressed as the service sends it."""

import subprocess
from pathlib import Path

from tests.bench.figures import Figure, measured

ROOT = Path(__file__).parents[2]


def figures() -> list[Figure]:
    """KB of JavaScript and CSS of the phone's entry, gzipped, the parts that load later included."""
    subprocess.run([ROOT / ".ci/web.sh", "build"], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return [measured("phone entry, JavaScript and CSS, gzipped", _kilobytes, "KB", 250, floor=False)]


def _kilobytes() -> float:
    assets = (ROOT / "inspection/web/dist/phone/assets").iterdir()
    return sum(file.stat().st_size for file in assets if file.name.endswith((".js.gz", ".css.gz"))) / 1000
