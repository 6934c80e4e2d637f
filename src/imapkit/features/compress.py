"""COMPRESS=DEFLATE (RFC 4978): everything behind the tagged OK is compressed, both ways, below TLS.

The codec is ``wire.deflate``; each end's stream layer calls it. The rule this file must not break: compression begins exactly behind
the CRLF of the OK, and once only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Self

from ..errors import Bad, CommandNo, No
from ..ports.client import ClientSession, Op, StartDeflate
from ..ports.session import SessionContext
from ..protocol import states
from ..protocol.capability import Announce
from ..protocol.codes import simple_code
from ..protocol.registry import Does, Feature, Grammar
from ..protocol.status import Ok
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer

DEFLATE: Final = "DEFLATE"


def _capabilities(announce: Announce) -> Iterator[str]:
    if not announce.compressed:
        yield "COMPRESS=DEFLATE"


feature = Feature(
    "COMPRESS",
    spec=("RFC 4978",),
    summary="COMPRESS=DEFLATE: a compressed connection",
    capabilities=_capabilities,
)

COMPRESSIONACTIVE = simple_code(feature, "COMPRESSIONACTIVE")


@feature.command("COMPRESS", states=states.AUTHENTICATED, does=Does.TURNS, example="COMPRESS DEFLATE")
@record
class Compress:
    """compress = "COMPRESS" SP algorithm."""

    algorithm: str = DEFLATE

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(c.word("a compression algorithm").decode("ascii", "replace"))

    def write(self, w: Writer) -> None:
        w.raw(b"COMPRESS ").atom(self.algorithm.encode("ascii"))


@feature.handler(Compress)
async def handle_compress(ctx: SessionContext, command: Compress) -> Ok:
    if command.algorithm != DEFLATE:
        raise Bad(f"there is no compression by {command.algorithm} here, only by {DEFLATE}")
    if ctx.announce.compressed:
        raise No("DEFLATE is active already by COMPRESS", COMPRESSIONACTIVE)
    ctx.after_completion(ctx.start_deflate)
    return Ok("DEFLATE active")


@feature.op
def compress(session: ClientSession) -> Op[None]:
    """Compress all that follows, both ways (RFC 4978). Does nothing where it is compressed already.

    Raises NotSupported, CommandFailed.
    """
    if session.compressed:
        return
    session.need("COMPRESS=DEFLATE", "to compress the connection")
    try:
        yield Compress()
    except CommandNo as error:
        if error.code != "COMPRESSIONACTIVE":
            raise
        return
    yield StartDeflate()
