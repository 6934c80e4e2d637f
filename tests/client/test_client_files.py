"""Files on the way in and out, and messages as users see them."""

from __future__ import annotations

import base64
import io
import quopri
from email.message import EmailMessage
from pathlib import Path

import pytest

from imapkit.client.criteria import build
from imapkit.client.files import Decoder, Upload, safe_name
from imapkit.client.folders import Folder, find_role
from imapkit.client.numbers import numset_of
from imapkit.errors import UsageError
from imapkit.protocol.numset import NumSet
from imapkit.query.key import write_program
from imapkit.wire.writer import Writer


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("../../etc/passwd", "passwd.txt"),
        ("..\\..\\boot.ini", "boot.ini"),
        (".bashrc", "bashrc.txt"),
        ("a\0b\r\nc.txt", "a_b__c.txt"),
        ("", "unnamed.txt"),
        ("...", "unnamed.txt"),
        ("Grüße 中秋.pdf", "Grüße 中秋.pdf"),
        ("exe\u202efdp.scr", "exe_fdp.scr"),
        ("/", "_.txt"),
    ],
)
def test_safe_names(given: str, safe: str) -> None:
    assert safe_name(given, "text/plain") == safe


def test_safe_names_are_short() -> None:
    assert len(safe_name("ü" * 1000 + ".pdf").encode()) < 255
    assert safe_name("x" * 1000 + ".pdf").endswith(".pdf")


DATA = bytes(range(256)) * 40 + b"the end"


@pytest.mark.parametrize("step", [1, 3, 76, 77, 78, 1000, 100_000])
@pytest.mark.parametrize(
    ("encoding", "wire", "expected"),
    [
        (b"BASE64", base64.encodebytes(DATA).replace(b"\n", b"\r\n"), DATA),
        (b"quoted-printable", quopri.encodestring(DATA).replace(b"\n", b"\r\n"), None),
        (b"8bit", DATA, DATA),
        (None, DATA, DATA),
        (b"x-unheard-of", DATA, DATA),
    ],
)
def test_decoding_piece_by_piece(
    encoding: bytes | None, wire: bytes, expected: bytes | None, step: int
) -> None:
    decoder = Decoder(encoding)
    found = (
        b"".join(decoder.feed(wire[at : at + step]) for at in range(0, len(wire), step)) + decoder.finish()
    )
    assert found == (quopri.decodestring(wire) if expected is None else expected)


@pytest.mark.parametrize("data", [b"YWJj", b"YWJ", b"YW=Jj", b"=", b"Y", b"YQ==YQ==", b"!!Y W J j\r\n"])
def test_damaged_base64_gives_what_can_be_saved(data: bytes) -> None:
    decoder = Decoder(b"base64")
    decoder.feed(data)
    decoder.finish()


class Pipe(io.BytesIO):
    """A file that cannot go back."""

    def seekable(self) -> bool:
        return False


def test_uploads_end_lines_in_crlf(tmp_path: Path) -> None:
    raw = b"Subject: x\n\nline\r\nother\rlast" + b"\n" * 300_000 + b"\r"
    expected = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    (tmp_path / "m.eml").write_bytes(raw)
    with (tmp_path / "m.eml").open("rb") as file:
        for source in (raw, tmp_path / "m.eml", file, Pipe(raw)):
            upload = Upload(source)
            octets = b"".join(upload.chunks())
            assert (octets, upload.size) == (expected, len(expected))


def test_uploads_of_messages() -> None:
    message = EmailMessage()
    message["Subject"] = "Grüße"
    message.set_content("ä" * 10 + "\n")
    octets = b"".join(Upload(message).chunks())
    assert octets.count(b"\n") == octets.count(b"\r\n")
    assert octets.startswith(b"Subject: =?utf-8?")


@pytest.mark.parametrize("source", ["text", b"", 5, io.StringIO("text"), Path("/no/such/file")])
def test_uploads_that_are_no_messages(source: object) -> None:
    with pytest.raises(UsageError):
        Upload(source)  # type: ignore[arg-type]  # what users get wrong


def test_uids_in_every_form() -> None:
    assert str(numset_of([3, "1:2,9", [5, 6], NumSet.of(20)])) == "1:2,3,5:6,9,20"
    assert not numset_of([])
    for wrong in (0, -1, "x", [1 << 33]):
        with pytest.raises(UsageError):
            numset_of([wrong])


def written(**criteria: object) -> bytes:
    w = Writer()
    write_program(w, build((), criteria))
    return w.octets()


def test_criteria() -> None:
    assert written() == b"ALL"
    assert written(from_="bob", seen=False) == b"FROM bob UNSEEN"
    assert written(subject='a "b"', larger=5) == b'SUBJECT "a \\"b\\"" LARGER 5'
    for wrong in ({"since": "yesterday"}, {"seen": 1}, {"form": "x"}, {"larger": "big"}):
        with pytest.raises(UsageError):
            written(**wrong)


@pytest.mark.parametrize("text", ["a\r\nA2 LOGOUT", 'x" OR "', "nul\0", "Ä\n"])
def test_criteria_cannot_begin_a_line(text: str) -> None:
    for name in ("from_", "subject", "text", "keyword", "header"):
        try:
            octets = written(**{name: (text, text) if name == "header" else text})
        except UsageError:
            continue
        for line in octets.split(b"\r\n")[:-1]:
            assert line.endswith(b"}") or b"{" in octets, octets


def folder(name: str, *attributes: str) -> Folder:
    return Folder(name, "/", attributes)


def test_roles() -> None:
    folders = [folder("INBOX"), folder("Weg", "\\Trash"), folder("Gesendete Objekte"), folder("Trash")]
    found = {
        role: getattr(find_role(folders, role), "name", None) for role in ("trash", "sent", "junk", "inbox")
    }
    assert found == {"trash": "Weg", "sent": "Gesendete Objekte", "junk": None, "inbox": "INBOX"}
    assert folder("a/b").label == "b"
    assert not folder("x", "\\NonExistent").selectable
