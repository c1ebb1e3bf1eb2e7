"""The browser's side of our components: modules in ``static/``, loaded once by a few words of bootstrap.

A component's own script travels with every message, so it only imports the module; the module's address
carries its digest, which empties caches when it changes. Used by everything with a browser side of its own.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

STATIC = Path(__file__).resolve().parents[2] / "static"


def bootstrap(name: str, argument: str = "") -> str:
    """The component script that hands its arguments to ``static/<name>`` as soon as that is there."""
    return (
        f'const m=import(new URL("app/static/{addressed(name)}",document.baseURI));\n'
        "export default a=>{let s=0,c;"
        f'm.then(x=>{{if(!s)c=x.default(a,"{argument}")}});'
        "return()=>{s=1;c&&c()}}\n"  # a line break tells Streamlit that this is no path
    )


def addressed(name: str) -> str:
    """The file's name with its digest as a query."""
    return f"{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"
