"""SEARCHRES (RFC 5182; part of IMAP4rev2, RFC 9051 section 6.4.4.1): SEARCH RETURN (SAVE), and ``$`` for what it saved.

The view keeps the result and drops what is expunged; ``$`` is read by ``protocol.numset`` and resolved by the view.
"""

from __future__ import annotations

from typing import Final

from ..ports.client import ClientSession, Op
from ..ports.session import SessionContext
from ..protocol.codes import simple_code
from ..protocol.numset import SAVED, NumSet
from ..protocol.registry import Feature, Phase
from ..query.key import SearchKey
from .esearch import return_option, search_return
from .search import SearchPlan

feature = Feature(
    "SEARCHRES",
    spec=("RFC 5182", "RFC 9051"),
    summary="SEARCH RETURN (SAVE) and $ in message sets",
    capabilities=("SEARCHRES",),
    rev2=True,
    needs=("ESEARCH",),
)

SAVE: Final = return_option(feature, "SAVE")
NOTSAVED: Final = simple_code(feature, "NOTSAVED")


def _saves(plan: SearchPlan) -> bool:
    return SAVE in (plan.command.returns or ())


@feature.hook(SearchPlan, Phase.PARSE)
def forget_if_refused(ctx: SessionContext, plan: SearchPlan) -> None:
    """A SEARCH with SAVE that is answered NO empties the saved result; one answered BAD leaves it (RFC 5182 section 2.1)."""
    view = ctx.view

    def forget() -> None:
        view.saved = None

    if _saves(plan):
        plan.if_refused.append(forget)


@feature.hook(SearchPlan, Phase.EMIT, order=10)
def be_silent(ctx: SessionContext, plan: SearchPlan) -> None:
    """SAVE as the only option: no ESEARCH response."""
    if _saves(plan) and all(option == SAVE for option in plan.command.returns or ()):
        plan.answered = True


@feature.hook(SearchPlan, Phase.AFTER)
def save(ctx: SessionContext, plan: SearchPlan) -> None:
    """What is reported is saved: all, or MIN and MAX when only these were asked (RFC 5182 section 2.4)."""
    if _saves(plan):
        ctx.view.saved = plan.reported


@feature.op
def search_save(session: ClientSession, key: SearchKey) -> Op[NumSet]:
    """Search, and leave the result on the server: the set that is returned, ``$``, stands for it until the next such search.

    RFC 5182. Raises NotSupported, BadCharset, CommandFailed.
    """
    session.need("SEARCHRES", "to keep the result of a search on the server")
    yield from search_return(session, key, SAVE)
    return SAVED
