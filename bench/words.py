"""The vocabulary of the corpus: plain words, names, subjects in several scripts, and the needles that searches look for.

The rule: no word of the vocabulary, no header and no boundary contains a needle, so that the messages a needle was planted
in are exactly those that a search must find.
"""

from __future__ import annotations

WORDS = [
    "the",
    "and",
    "for",
    "with",
    "from",
    "that",
    "this",
    "have",
    "will",
    "your",
    "our",
    "meeting",
    "report",
    "please",
    "find",
    "below",
    "regards",
    "thanks",
    "morning",
    "budget",
    "quarter",
    "project",
    "update",
    "review",
    "notes",
    "about",
    "after",
    "before",
    "between",
    "customer",
    "invoice",
    "order",
    "number",
    "shipping",
    "address",
    "weekend",
    "lunch",
    "train",
    "ticket",
    "hotel",
    "garden",
    "kitchen",
    "window",
    "summer",
    "winter",
    "market",
    "server",
    "backup",
    "deploy",
    "release",
    "branch",
    "commit",
    "ticket",
    "patch",
    "library",
    "archive",
    "folder",
    "message",
    "letter",
    "answer",
    "question",
    "reason",
    "people",
    "together",
    "tomorrow",
    "yesterday",
    "maybe",
    "perhaps",
    "certainly",
    "attached",
    "photograph",
    "calendar",
    "schedule",
    "deadline",
    "holiday",
    "contract",
    "signature",
    "manager",
    "engineer",
    "teacher",
    "student",
    "music",
    "concert",
    "theatre",
    "museum",
    "river",
    "mountain",
    "station",
    "airport",
    "delivery",
    "warehouse",
    "printer",
    "paper",
]

GIVEN = [
    "Ann",
    "Bob",
    "Carla",
    "David",
    "Elena",
    "Frank",
    "Greta",
    "Hugo",
    "Irene",
    "Jonas",
    "Karin",
    "Lukas",
    "Maria",
    "Nadia",
    "Oskar",
    "Paula",
    "Rosa",
    "Sven",
    "Tanja",
    "Uwe",
]

FAMILY = [
    "Abel",
    "Berger",
    "Conti",
    "Dubois",
    "Eklund",
    "Fischer",
    "Garcia",
    "Hansen",
    "Ito",
    "Keller",
    "Lindgren",
    "Moreau",
    "Nowak",
    "Olsen",
    "Petrov",
    "Rossi",
]

DOMAINS = [
    "example.org",
    "example.com",
    "mail.example.net",
    "lists.example.org",
    "firma.example",
    "shop.example.com",
]

FOREIGN = (
    (
        "utf-8",
        "Grüße aus Köln: die Sitzung am Dienstag fällt aus, wir treffen uns übermorgen im großen Saal. ",
    ),
    (
        "iso-8859-1",
        "Déjà vu à l'école: le café est fermé, rendez-vous à côté de la mairie après le déjeuner. ",
    ),
    ("koi8-r", "Добрый день, высылаю отчёт за прошлый месяц и план на следующую неделю. "),
    ("iso-2022-jp", "お世話になっております。会議の資料を送りますので、ご確認ください。"),
    ("windows-1252", "“Smart quotes” – and an ellipsis… as the office suite likes them, at 5 € each. "),
    ("gb18030", "您好，附件是上个月的报告，请查收。如有问题请与我联系。"),
    ("big5", "您好，明天的會議改到下午三點，請大家準時參加。"),
    ("euc-kr", "안녕하세요, 지난달 보고서를 보내 드립니다. 확인 부탁드립니다. "),
)

BODY_RARE = ("qxerabond", "qxilotrap", "qxumavert")
"""Each in one message of 2,000, one needle for each round. Searches of TEXT take the next one."""
BODY_COMMON = ("wojtable", "wojmarket", "wojgarden")
"""Each in one message of 10."""
BODY_MOST = ("wujriver", "wujsummer", "wujlibrary")
"""Each in two messages of three."""
TWO_CHARACTERS = ("xj", "jq", "vq")
"""Each in one message of 500, inside a longer word."""
ABSENT = ("qyqynotthere", "qyqynowhere", "qyqynothing")
SUBJECT_RARE = ("subqzalpha", "subqzbravo", "subqzchar")
"""Each in the subject of one message of 1,000."""
