"""One client's session: reads commands, one after another, and answers them (RFC 9051 sections 3, 5.3, 5.4 and 5.5).

Implements ``ports.session.SessionContext``. The rules this file must not break: input is parsed no further than the present command;
what waits to be read or sent is bounded; and the session ends with a BYE wherever the peer can still hear it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ..errors import Bad, ConnectionLost, ConnectionTimeout, No, StoreError
from ..features import base
from ..ports.blob import Part
from ..ports.directory import UserRow
from ..ports.gate import use
from ..ports.session import Login, Modes
from ..ports.store import Account, Mailbox, MessageSet
from ..protocol.capability import Announce
from ..protocol.codes import SimpleCode
from ..protocol.registry import Writable
from ..protocol.server import LiteralAsked, Malformed, Received, ServerConnection, TooLarge
from ..protocol.states import State
from ..protocol.status import Continuation, Kind, Status
from ..wire.limits import LITERALS, UNASKED, Limits
from .channel import AnswersLost, Channel
from .dispatch import dispatch, store_failure, unforeseen
from .log import Log
from .login import SessionLogin, mechanisms
from .services import Services
from .slow import watched
from .spool import Spool
from .stream import Stream
from .view import SelectedView

_GONE = ("the account is being repaired: connect again", base.UNAVAILABLE)
_UNWELCOME = ("this user may not be here any more", base.CONTACTADMIN)


class Session:
    """``stream`` is connected. ``local``: nobody can listen in (a unix socket, a pipe)."""

    # Thousands of them wait at a time.
    __slots__ = (
        "_account", "_after", "_bad_in_row", "_channel", "_closing", "_connection", "_local", "_name", "_options", "_services",
        "_spool", "_stop_status", "_stopping", "_synced_at", "_view", "address", "log", "modes", "registry", "settings", "tag",
    )  # fmt: skip

    def __init__(self, stream: Stream, services: Services, log: Log, *, address: str, local: bool) -> None:
        options = services.options
        self.registry = options.registry
        self.modes = Modes()
        self.settings = options.settings
        self.tag = ""
        self.address = address
        self.log = log
        self._services = services
        self._options = options
        self._local = local
        self._spool = Spool()
        self._connection = ServerConnection(options.registry.grammar, options.before_login())
        self._channel = Channel(stream, self._connection, options.timeouts)
        self._name: str | None = None
        self._account: Account | None = None
        self._view: SelectedView | None = None
        self._synced_at = -1
        self._after: list[Callable[[], Awaitable[None]]] = []
        self._bad_in_row = 0
        self._closing = False
        self._stopping = False
        self._stop_status: tuple[str, SimpleCode | None] = ("the server is shutting down", None)

    # The life of a session

    async def run(self, user: UserRow | None = None) -> None:
        """Until the end of the connection. ``user``: who it is, where that is known already (PREAUTH)."""
        use(self._channel.gate)
        try:
            if not self._closing and await self._greet(user):
                await self._serve()
        except ConnectionTimeout as error:
            self.log.info("timeout", reason=str(error))
            self._bye("autologout: nothing came for too long")
        except AnswersLost as error:
            self._answers_lost(error)
        except ConnectionLost as error:
            self.log.debug("connection lost", reason=str(error))
        except Exception as error:
            self._bye(unforeseen(error, None, "session", self.log).text, base.SERVERBUG)
        finally:
            await self._end()

    def _answers_lost(self, error: AnswersLost) -> None:
        """Whatever was to be said, a BYE among it, was dropped."""
        self.log.error("store failure", command="pipelined commands", error=str(error))
        self._closing = True
        self.send_status(Status(Kind.BYE, "the mail store failed", base.UNAVAILABLE))

    def stop(self) -> None:
        """End the session as soon as the command that runs, if any, is done."""
        self._stopping = True
        self._channel.end_input()

    def account_gone(self) -> None:
        """What this session knows of the account holds no more."""
        self._stop_status = _GONE if self._is_welcome() else _UNWELCOME
        self.stop()

    def _is_welcome(self) -> bool:
        """False once the user was deleted or disabled."""
        if self._name is None or self._account is None:
            return True
        try:
            return self._services.may_be_here(self._name, self._account.id)
        except StoreError as error:
            self.log.error("store failure", command="session", error=str(error))
            return True  # nobody knows

    def refuse(self, text: str) -> None:
        """Say BYE in place of a greeting."""
        self._bye(text, base.UNAVAILABLE)

    async def _greet(self, user: UserRow | None) -> bool:
        kind = Kind.OK
        if user is not None:
            try:
                await self.enter(user)
            except No as error:
                self._bye(error.text)
                return False
            kind = Kind.PREAUTH
        code = base.CapabilityCode(self.registry.capabilities(self.announce))
        self.send_status(Status(kind, "imapkit at your service", code))
        return True

    async def _serve(self) -> None:
        while not (self._closing or self._stopping):
            event = await self._channel.next_event(known=self._account is not None)
            if event is None:
                break
            if isinstance(event, Received):
                await self._run_command(event)
                if self._channel.wants_pause:
                    await self._channel.pause()
            elif isinstance(event, LiteralAsked):
                self._connection.accept_literal()
                self.send(Continuation(b"OK"))
            elif isinstance(event, Malformed):
                self._answer_bad(event)
            else:
                self._answer_too_large(event)
        if self._stopping:
            self._bye(*self._stop_status)

    async def _run_command(self, event: Received) -> None:
        tagged, frame = event.command, event.frame
        self.tag = tagged.tag
        self._channel.gate.set(ahead=self._connection.buffered > 0)
        self._bad_in_row = 0
        failure = self._spool.take_failure()
        try:
            if failure is not None:
                status = store_failure(failure, tagged.tag, tagged.entry.name.decode("ascii"), self.log)
            else:
                name = tagged.entry.name.decode("ascii")
                slow = self._options.timeouts.slow_command_seconds
                status = await watched(dispatch(self, tagged, self.log), name, slow, self.log)
        finally:
            frame.close()
        self.send_status(status)
        self._connection.utf8 = self.modes.utf8
        if self._after:
            after, self._after = self._after, []
            for action in after if status.kind is Kind.OK else []:
                await action()

    async def _end(self) -> None:
        """Give everything back; what goes wrong here is logged, for there is nobody left to tell."""
        try:
            if self._stopping:
                self._bye(*self._stop_status)
            try:
                await self.flush()
            except AnswersLost as error:
                self._answers_lost(error)
                await self.flush()
        except ConnectionLost:
            self.log.debug("the peer was gone before the end")
        try:
            await self.unselect()
            if self._account is not None:
                self._account.tell_no_more(self.account_gone)
                await self._account.release()
            if self._name is not None:
                self._services.give_user(self._name)
        except Exception as error:
            unforeseen(error, None, "end of session", self.log)
        finally:
            self._account = None
            await self._channel.close()

    def _answer_bad(self, event: Malformed) -> None:
        self.send_status(Status(Kind.BAD, event.text, None, event.tag))
        self._bad_in_row += 1
        if self._account is None and self._bad_in_row >= self._options.limits.bad_commands_before_login:
            self._bye("too many malformed commands")

    def _answer_too_large(self, event: TooLarge) -> None:
        if event.fatal:
            self._bye(str(event.error), base.TOOBIG)
        elif event.error.kind == "line":
            self._answer_bad(Malformed(event.tag, str(event.error)))
        else:
            code = base.LIMIT if event.error.kind == LITERALS else base.TOOBIG
            kind = Kind.BAD if event.error.kind == UNASKED else Kind.NO
            self.send_status(Status(kind, str(event.error), code, event.tag))

    def _bye(self, text: str, code: SimpleCode | None = None) -> None:
        if not self._closing:
            self._closing = True
            self.send_status(Status(Kind.BYE, text, code))

    # Who and where

    @property
    def state(self) -> State:
        if self._closing:
            return State.LOGOUT
        if self._account is None:
            return State.NOT_AUTHENTICATED
        return State.AUTHENTICATED if self._view is None else State.SELECTED

    @property
    def private(self) -> bool:
        return self._local or self._channel.tls or self._options.insecure_plaintext

    @property
    def announce(self) -> Announce:
        known = self._account is not None
        return Announce(
            authenticated=known,
            tls=self._channel.tls,
            tls_available=self._services.tls is not None and not self._local,
            plaintext_login=self._local or self._options.insecure_plaintext,
            # Looked up in the directory: only for those who may still use them
            mechanisms=() if known else mechanisms(self._services.authenticator, private=self.private),
            append_limit=self.settings.append_limit,
            literal_minus=self._options.literal_minus,
            compressed=self._channel.compressed,
        )

    @property
    def limits(self) -> Limits:
        return self._connection.limits

    @property
    def login(self) -> Login:
        return SessionLogin(self._services.authenticator, self)

    @property
    def user(self) -> str:
        if self._name is None:
            raise No("log in first")
        return self._name

    @property
    def account(self) -> Account:
        if self._account is None:
            raise No("log in first")
        return self._account

    async def enter(self, user: UserRow) -> None:
        if not self._services.take_user(user.name):
            raise No("this user has too many sessions", base.LIMIT)
        try:
            self._account = await self._services.store.open_account(user.account)
        except BaseException:
            self._services.give_user(user.name)
            raise
        self._account.tell_when_gone(self.account_gone)
        self._name = user.name
        if not self._is_welcome():  # since the row was read; from here on it is told
            self.account_gone()
            raise No(*_UNWELCOME)
        self.log = self.log.bind(user=user.name)
        self.log.info("login")
        self._connection.limits = self._options.after_login
        self._connection.use_sink(self._spool.opener(self._account))

    @property
    def view(self) -> SelectedView:
        if self._view is None:
            raise Bad("select a mailbox first")
        return self._view

    @property
    def selected(self) -> SelectedView | None:
        return self._view

    # Output

    def send(self, response: Writable) -> None:
        self._channel.send(response)

    def send_status(self, status: Status) -> None:
        self._channel.send(status)

    def send_bytes(self, *chunks: bytes | Part) -> None:
        self._channel.send_bytes(*chunks)

    async def flush(self) -> None:
        await self._channel.flush()

    # The selected mailbox

    async def select(self, name: str, *, read_only: bool) -> SelectedView:
        await self.unselect()
        self._synced_at = -1
        account = self.account
        await account.refresh()
        mailbox = await account.open(name)
        try:
            recent = await self._recent(mailbox, read_only=read_only) or mailbox.by_uid([])
            self._view = SelectedView(mailbox, name, read_only=read_only, modes=self.modes, recent=recent)
        except BaseException:
            mailbox.release()
            raise
        return self._view

    async def unselect(self) -> None:
        view, self._view = self._view, None
        if view is not None:
            view.mailbox.release()

    async def sync(self, *, expunge: bool = True) -> None:
        view, account = self._view, self._account
        if view is None or account is None:
            return
        await account.refresh()
        if view.is_current and account.modseq == self._synced_at:
            return  # nothing happened in the whole account: what is so after most commands
        self._synced_at = account.modseq
        if not self._find_again(view):
            self._bye(f"the mailbox {view.name} was deleted")
            return
        recent = await self._recent(view.mailbox, read_only=view.read_only)
        for lines in view.update(expunge=expunge, recent=recent):
            self.send_bytes(lines)
            if self._channel.is_full:
                await self._channel.pause()

    async def _recent(self, mailbox: Mailbox, *, read_only: bool) -> MessageSet | None:
        r"""Messages that are \Recent for this session, and were not told to another one; None where there are none.

        EXAMINE sees them and takes them from nobody (RFC 3501 sections 2.3.2 and 6.3.2); IMAP4rev2 has no such flag.
        """
        row = mailbox.row
        if not row.recent or self.modes.rev2:
            return None
        if read_only:
            return mailbox.by_uid([(row.recent_from, row.uidnext - 1)])
        return await self.account.take_recent(mailbox)

    def _find_again(self, view: SelectedView) -> bool:
        """Whether the mailbox is still there, by its name or a new one."""
        row = self.account.find(view.name)
        if row is not None and row.id == view.mailbox.row.id:
            return True
        for row in self.account.mailboxes():
            if row.id == view.mailbox.row.id:
                view.name = row.name
                return True
        return False

    # The connection

    async def continue_line(self, text: bytes) -> bytes:
        self.send(Continuation(text))
        return await self._channel.read_line(self._channel.login_left())

    async def line_or(self, woken: asyncio.Future[None]) -> bytes | None:
        return await self._channel.line_or(woken)

    async def start_tls(self) -> None:
        context = self._services.tls
        if context is None:
            raise ConnectionLost("TLS was switched off meanwhile")
        dropped = await self._channel.start_tls(context)
        if dropped:
            self.log.warning("octets behind STARTTLS discarded", octets=dropped)

    async def start_deflate(self) -> None:
        await self._channel.start_deflate()

    def after_completion(self, action: Callable[[], Awaitable[None]]) -> None:
        self._after.append(action)

    def close_after_completion(self) -> None:
        self._closing = True
