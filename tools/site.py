"""Pack the built book for a web server: ``python tools/site.py _build/html dist/site``.

The folder goes on any server as it is; beside it lie a zip of it and the book as EPUB.
"""

import shutil
import subprocess
import sys
from pathlib import Path


def build_epub(target: Path) -> None:
    """Build the EPUB with the configuration of the HTML book."""
    work = target.with_suffix("")
    shutil.rmtree(work, ignore_errors=True)
    command = [Path(sys.executable).with_name("jupyter-book"), "build", "."]
    command += ["--builder", "custom", "--custom-builder", "epub", "--path-output", work]
    command += ["-W", "-n", "--keep-going", "-q"]
    subprocess.run(command, check=True)
    shutil.move(next(work.rglob("*.epub")), target)
    shutil.rmtree(work)


def main(html: str, site: str) -> None:
    """Write the folder, the zip and the EPUB."""
    folder = Path(site)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(html, folder, ignore=shutil.ignore_patterns("*.map", ".buildinfo"))
    archive = shutil.make_archive(site, "zip", folder)
    epub = folder.parent / "adaptive-learning-rates.epub"
    build_epub(epub)
    for path in (folder, Path(archive), epub):
        files = [path] if path.is_file() else [f for f in path.rglob("*") if f.is_file()]
        print(f"{path}: {sum(file.stat().st_size for file in files) / 1e6:.1f} MB")


if __name__ == "__main__":
    main(*sys.argv[1:])
