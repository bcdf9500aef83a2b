"""Execute the book's notebooks in place: ``python tools/refresh.py [book/adam.ipynb ...]``.

Nothing in the result depends on the run: cells are named after their content, timings
and editor metadata are dropped. So a second run changes no byte, and a diff shows what
changed in the book. A notebook is replaced only when all of it ran.
"""

import argparse
import asyncio
import base64
import hashlib
import io
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from PIL import Image
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
CELL_METADATA = {"mystnb", "tags"}


async def execute(notebook: NotebookNode, folder: Path, on_cell: Callable[[], None]) -> None:
    """Run every cell in order, with ``folder`` as working directory."""
    client = NotebookClient(
        notebook,
        kernel_name=KERNEL["name"],
        extra_arguments=[
            "--Application.log_level=40",  # it warns of every TCP connection
            "--InlineBackend.figure_formats=retina",  # sharp on a phone
        ],
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        timeout=300,
        on_cell_executed=lambda **_: on_cell(),
    )
    await client.async_execute()


def normalize(notebook: NotebookNode) -> str:
    """Return the notebook's text without anything that a second run would change."""
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        seen[digest] += 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        cell.metadata = {k: v for k, v in sorted(cell.metadata.items()) if k in CELL_METADATA}
        cell.pop("attachments", None)
        if cell.cell_type == "code":
            cell.outputs = merge_streams(cell.outputs)
            for output in cell.outputs:
                if png := output.get("data", {}).get("image/png"):
                    output.data["image/png"] = shrink(png)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.validate(notebook)
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def merge_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join neighboring pieces of one stream: where the kernel flushes is chance."""
    merged: list[NotebookNode] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if output.output_type == "stream" and last and last.get("name") == output.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def shrink(png: str) -> str:
    """Give a figure 256 colors, which it does not exceed to the eye: a third of the bytes."""
    image = Image.open(io.BytesIO(base64.b64decode(png)))
    if image.mode == "P":
        return png
    if image.mode == "RGBA":  # on a white card, as the figures are
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    palette = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    file = io.BytesIO()
    palette.save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def write(path: Path, text: str) -> None:
    """Replace the file in one move, and only when its text changes."""
    if path.read_text(encoding="utf-8") == text:
        return
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        file.write(text)
    Path(file.name).chmod(path.stat().st_mode)
    Path(file.name).replace(path)


async def refresh(paths: list[Path]) -> list[str]:
    """Refresh all notebooks, one for each core at a time; return what went wrong."""
    notebooks = {path: nbformat.read(path, as_version=4) for path in paths}
    cells = sum(cell.cell_type == "code" for nb in notebooks.values() for cell in nb.cells)
    cores = asyncio.Semaphore(os.cpu_count() or 1)
    failures: list[str] = []

    with tqdm(total=cells, unit="cell", disable=None) as bar:

        async def one(path: Path, notebook: NotebookNode) -> None:
            async with cores:
                bar.set_postfix_str(path.stem)
                try:
                    await execute(notebook, path.parent, bar.update)
                except CellExecutionError as error:
                    failures.append(f"{path}: {error}")
                else:
                    write(path, normalize(notebook))

        await asyncio.gather(*(one(*item) for item in notebooks.items()))
    return failures


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Execute notebooks in place.")
    parser.add_argument("notebook", nargs="*", type=Path, help="default: all in book/")
    paths = parser.parse_args().notebook or sorted((ROOT / "book").glob("*.ipynb"))
    failures = asyncio.run(refresh(paths))
    print(*failures, sep="\n\n", end="\n" if failures else "", file=sys.stderr)
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
