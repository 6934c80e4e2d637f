"""What rows check with: threads of an answer, sets of UIDs, percentiles."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path

from bench.client import ClientLine
from bench.corpus import realistic_box
from bench.growth import joined
from bench.growth_table import Figures, Growth, renew
from bench.needed import NEEDED, RECORDS
from bench.report import client_aims
from bench.rows_fetch import second_part
from bench.rows_mixed import percentile
from bench.rows_sort import threads_of
from bench.rows_sync import numbers_of
from bench.run import ROWS


def test_threads_of_a_nested_answer() -> None:
    line = b"* THREAD (2)(3 6 (4 23)(44 7 96))((5)(9))\r\nzQ7 OK done\r\n"
    assert threads_of(line) == [[2], [3, 6, 4, 23, 44, 7, 96], [5, 9]]


def test_sets_of_uids() -> None:
    assert numbers_of(b"7,1:3,9:8") == [1, 2, 3, 7, 8, 9]


def test_percentiles() -> None:
    times = [float(number) for number in range(1, 201)]
    assert percentile(times, 0.99) == 199
    assert percentile([7.0], 0.99) == 7


def test_the_second_part_as_another_reader_of_mail_sees_it() -> None:
    mixed = [mail for mail in realistic_box(60) if mail.kind == "mixed"]
    assert mixed
    for mail in mixed:
        parts = message_from_bytes(mail.data, policy=policy.default).get_payload()
        assert isinstance(parts, list)
        assert second_part(mail.data) == parts[1].get_payload().encode()


def test_growth_is_per_message_and_names_what_is_worse_than_linear(tmp_path: Path) -> None:
    growth = Growth(
        "here",
        [10, 100],
        [
            Figures("rate", "msgs/s", True, [1000.0, 500.0]),
            Figures("search", "ms", False, [1.0, 10.0]),
            Figures("latency", "ms", False, [1.0, 1.1], with_size=False),
            Figures("gone", "ms", False, [1.0, None]),
        ],
    )
    assert [each.factor(growth.sizes) for each in growth.figures] == [2.0, 1.0, 1.1, None]
    text = growth.text()
    assert "| rate | msgs/s ↑ | 1,000 | 500 | 2 |" in text
    assert text.endswith("worse than linear:\n\n- rate: 2\n")
    path = tmp_path / "growth.json"
    assert Growth.load(path) is None
    growth.save(path)
    assert Growth.load(path) == growth
    page = tmp_path / "page.md"
    page.write_text("# Head\n\ntext\n\n## Growth\n\nold\n\n## How\n\nso\n")
    renew(page, growth)
    assert page.read_text() == f"# Head\n\ntext\n{text}\n## How\n\nso\n"
    renew(page, growth)
    assert page.read_text().count("## Growth") == 1


def test_figures_of_several_sizes_stand_side_by_side() -> None:
    found = [[Figures("a", "ms", False, [1.0])], [Figures("a", "ms", False, [None])]]
    assert joined(found) == [Figures("a", "ms", False, [1.0, None])]


def test_what_is_needed_is_said_of_rows_that_there_are() -> None:
    aimed = {row.name for row in ROWS if row.target is not None or row.limit is not None}
    assert set(NEEDED) <= aimed


def test_clients_are_held_to_what_is_wanted() -> None:
    lines = [
        ClientLine("records", "imapkit", [0.02], 1000),
        ClientLine("records", "IMAPClient", [0.16], 1000),
        ClientLine("records", "imapflow", [0.05], 1000, note="it failed"),
        ClientLine("file", "imapkit", grown_kb=100),
        ClientLine("file", "imaplib, unparsed", grown_kb=2000),
    ]
    said = client_aims(lines)
    assert "8 x as fast as IMAPClient, 5 x is wanted" in said and "imapflow" not in said
    assert "0.05 of the memory of imaplib" in said
    assert RECORDS not in said
    slow = ClientLine("records", "imapflow", [0.05], 1000)
    assert f"2.5 x as fast as imapflow, 5 x is wanted: {RECORDS}" in client_aims([*lines[:2], slow])
    assert client_aims([]) == ""
