"""The built page and its files, from memory: no path a caller names ever reaches the file system."""

import gzip
import mimetypes
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

INDEX = "index.html"
NONCE, SIGNED_IN = "__CSP_NONCE__", "__SIGNED_IN__"
# File names under assets/ hold a hash of their content: another content has another name.
_FOR_EVER, _ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"
_WORTH_PACKING = frozenset({".css", ".html", ".js", ".json", ".map", ".svg", ".txt", ".webmanifest"})
_LEAST_BYTES = 1024


def content_policy(nonce: str) -> str:
    """Scripts are files of ours. Styles too, besides the elements that carry this answer's nonce."""
    return (
        "default-src 'none'; script-src 'self'; "
        f"style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


@dataclass(frozen=True, slots=True)
class File:
    plain: bytes
    packed: Mapping[str, bytes]  # by content-encoding, best first
    media: str
    etag: str
    cache: str
    modified: str


class Page:
    """A folder as Vite builds it, read again when it is built anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._built = 0
        self._files: dict[str, File] = {}
        self._html = ""

    @property
    def is_there(self) -> bool:
        return (self._folder / INDEX).is_file()

    def file(self, path: str) -> File | None:
        """The file of exactly this name below the folder, but for the page itself."""
        self._refresh()
        return self._files.get(path.removeprefix("/"))

    def answer_file(self, request: Request, file: File) -> Response:
        headers = {
            "cache-control": file.cache, "etag": file.etag, "last-modified": file.modified, "vary": "accept-encoding",
        }  # fmt: skip
        if request.headers.get("if-none-match") == file.etag:
            return Response(status_code=304, headers=headers)
        accepted = {word.split(";")[0].strip() for word in request.headers.get("accept-encoding", "").split(",")}
        for encoding, packed in file.packed.items():
            if encoding in accepted:
                return Response(packed, headers=headers | {"content-encoding": encoding}, media_type=file.media)
        return Response(file.plain, headers=headers, media_type=file.media)

    def answer_page(self, *, signed_in: bool) -> Response:
        """The page with a nonce of its own. Never kept: it says whether one is signed in."""
        self._refresh()
        nonce = secrets.token_urlsafe(18)
        html = self._html.replace(NONCE, nonce).replace(SIGNED_IN, "yes" if signed_in else "no")
        headers = {"cache-control": "no-store", "content-security-policy": content_policy(nonce)}
        return Response(html, headers=headers, media_type="text/html")

    def _refresh(self) -> None:
        try:
            built = (self._folder / INDEX).stat().st_mtime_ns
        except FileNotFoundError:
            return  # Being built this moment: the last one still serves.
        if built == self._built:
            return
        files = [path for path in sorted(self._folder.rglob("*")) if path.is_file() and self._is_ours(path)]
        names = {str(path.relative_to(self._folder)): path for path in files}
        self._html = (self._folder / INDEX).read_text()
        self._files = {name: _read(name, path) for name, path in names.items() if name != INDEX and _is_shown(name)}
        self._built = built

    def _is_ours(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self._folder)


def _is_shown(name: str) -> bool:
    return not any(part.startswith(".") for part in Path(name).parts) and not name.endswith((".br", ".gz"))


def _read(name: str, path: Path) -> File:
    plain = path.read_bytes()
    packed = {}
    for encoding, suffix in (("br", ".br"), ("gzip", ".gz")):
        beside = path.with_name(path.name + suffix)
        if beside.is_file():
            packed[encoding] = beside.read_bytes()
    if "gzip" not in packed and path.suffix in _WORTH_PACKING and len(plain) >= _LEAST_BYTES:
        packed["gzip"] = gzip.compress(plain, 6, mtime=0)
    media = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return File(
        plain=plain,
        packed=packed,
        media="text/javascript" if media in {"application/javascript", "text/ecmascript"} else media,
        etag=f'"{sha256(plain).hexdigest()[:32]}"',
        cache=_FOR_EVER if name.startswith("assets/") else _ASK_AGAIN,
        modified=formatdate(path.stat().st_mtime, usegmt=True),
    )
