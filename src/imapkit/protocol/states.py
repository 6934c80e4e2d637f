"""The states of a session and what moves between them (RFC 9051 section 3), as tables."""

from __future__ import annotations

import enum
from typing import Final


class State(enum.Enum):
    NOT_AUTHENTICATED = "not authenticated"
    AUTHENTICATED = "authenticated"
    SELECTED = "selected"
    LOGOUT = "logout"


class Event(enum.Enum):
    """What changes a session's state; the same for both ends."""

    LOGGED_IN = "LOGIN or AUTHENTICATE answered OK, or the greeting was PREAUTH"
    SELECTED = "SELECT or EXAMINE answered OK"
    SELECT_FAILED = "SELECT or EXAMINE answered NO: the mailbox that was selected is not any more"
    CLOSED = "CLOSE or UNSELECT answered OK"
    BYE = "the server said BYE"


ANY: Final = frozenset({State.NOT_AUTHENTICATED, State.AUTHENTICATED, State.SELECTED})
NOT_AUTHENTICATED: Final = frozenset({State.NOT_AUTHENTICATED})
AUTHENTICATED: Final = frozenset({State.AUTHENTICATED, State.SELECTED})
SELECTED: Final = frozenset({State.SELECTED})

_TRANSITIONS: Final[dict[State, dict[Event, State]]] = {
    State.NOT_AUTHENTICATED: {
        Event.LOGGED_IN: State.AUTHENTICATED,
        Event.BYE: State.LOGOUT,
    },
    State.AUTHENTICATED: {
        Event.SELECTED: State.SELECTED,
        Event.SELECT_FAILED: State.AUTHENTICATED,
        Event.BYE: State.LOGOUT,
    },
    State.SELECTED: {
        Event.SELECTED: State.SELECTED,
        Event.SELECT_FAILED: State.AUTHENTICATED,
        Event.CLOSED: State.AUTHENTICATED,
        Event.BYE: State.LOGOUT,
    },
    State.LOGOUT: {Event.BYE: State.LOGOUT},
}


def after(state: State, event: Event) -> State:
    """The state that ``event`` leads to. Raises KeyError for an event that cannot happen in ``state``."""
    return _TRANSITIONS[state][event]
