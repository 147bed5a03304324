"""What counts as evidence: the words behind labels and alarms, and how a denial is read.

Patterns match the flat form of `issue_text.flatten`: lower-case words, one space apart,
` . ` between sentences, no apostrophes or hyphens.
"""

from __future__ import annotations

import re

KINDS = ("bug", "documentation", "enhancement", "question")
"""Labels that say what is asked for; an issue is judged as one of them."""

TITLE_WEIGHT = 3
"""How many mentions in the body one mention in the title is worth."""

_EVIDENCE: dict[str, tuple[str, ...]] = {
    "bug": (
        r"crash(?:es|ed|ing)?",
        r"errors?",
        r"exceptions?|traceback|stack trace|stacktrace|panic|segfault",
        r"bugs?",
        r"fail(?:s|ed|ing|ure|ures)?",
        r"(?:does|do|did|is|are) not (?:work|working|appear|update|save|load|start|return)\w*",
        r"(?:doesnt|dont|didnt|isnt|wont|cant) (?:work|appear|update|save|load|start|return)\w*",
        r"broken|regression|corrupt\w*",
        r"wrong|incorrect\w*|unexpected\w*|instead of",
        r"hangs?|freezes?|frozen|stuck|deadlocks?",
        r"used to work|stopped working|no longer works?",
        r"expected",
        r"actual(?:ly)?|what happens",
        r"to reproduce|reproduce[sd]?|repro",
        r"cannot|no way to|(?:is|are|was|were) (?:gone|lost|blank|deleted)",
        # The same in other languages, as far as single words carry it.
        r"fehler\w*|absturz|abst\u00fcrzt|st\u00fcrzt|fallo|falla|se cierra|erreur|plante|erro",
        r"nicht mehr|funktioniert nicht|no (?:se )?(?:funciona|actualiza|carga|abre)|ne marche",
    ),
    "documentation": (
        r"docs?|documentation|documented|undocumented",
        r"readme|changelog|docstring\w*|tutorials?|guides?",
        r"typos?|misspell\w*|spelling",
        r"(?:broken|dead) links?",
        r"(?:out of date|outdated) (?:page|example|section|instructions)",
    ),
    "enhancement": (
        r"feature requests?|enhancements?|proposals?",
        r"(?:it )?would (?:be|love|like|help)(?: \w+)?",
        r"please (?:add|support|allow|provide|make)",
        r"(?:add|adding) (?:\w+ ){0,2}(?:support|option|setting|button|flag|way|command)",
        r"support for|ability to|allow (?:us|users|me|people|the)",
        r"should be able to|as a \w+ i want|so that (?:we|i|users|people)",
        r"(?:could|can) (?:you|we|it) (?:please )?(?:add|have|support|get)",
        r"acceptance criteria|use case",
    ),
    "question": (
        r"how (?:do|can|should|would) (?:i|we|one|you)|how to",
        r"is (?:it|there) (?:\w+ )?(?:possible|a way|any way|safe|supported)",
        r"what (?:is|are) the|which (?:\w+ )?should",
        r"where (?:do|can|is)|wondering|questions?",
        r"does (?:\w+ ){1,2}support",
    ),
    "performance": (
        r"slow(?:er|ly|ness|down)?|sluggish",
        r"performance|throughput|latency",
        r"memory (?:leak|usage|grows?)\w*|out of memory|oom",
        r"(?:high|full|100) (?:\w+ )?cpu|cpu (?:usage|load|at)",
        r"takes? (?:\w+ ){0,3}(?:seconds|minutes|hours|ages|forever)",
    ),
    "accessibility": (
        r"screen readers?|voiceover|nvda|wcag|aria",
        r"keyboard (?:only|navigation|users?|focus)|focus (?:ring|order)",
        r"colou?r (?:contrast|blind\w*)|accessibility|a11y",
    ),
    "security": (
        r"security(?! (?:page|guide|section|docs|documentation|team))",
        r"vulnerab\w+|exploit\w*|sicherheitsl\u00fccke\w*|vulnerabilidad\w*|vuln\u00e9rabilit\w*",
        r"(?:api )?(?:tokens?|credentials?|secrets?|passwords?)",
        r"permissions?|authentication|authorization|csrf|xss|injection|cve",
    ),
}

_SECRET = r"(?:tokens?|passwords?|secrets?|credentials?|api keys?|private keys?|session cookies?)"  # noqa: S105 - a pattern
_FILLERS = r"(?:(?:the|my|our|your|full|raw|api|bearer|user|plain) )*"
_PARTIES = r"(?:user|tenant|customer|team|person|organi[sz]ation)s?"
_SYSTEM = r"(?:site|service|server|api|cluster|system)"
_DATA = r"(?:data|records?|rows?|files?|database|backups?|widgets?|orders?|projects?)"
_CRITICAL: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "security",
        (
            r"vulnerab(?:le|ility|ilities)|exploit(?:s|ed|able|ing)?|cve \d{4} \d+",
            r"remote code execution|rce|arbitrary code",
            r"(?:sql|command|code|template|header) injection",
            r"xss|csrf|ssrf|cross site (?:scripting|request)|path traversal|directory traversal",
            r"privilege escalation|(?:authentication|authorization|auth|login) bypass",
            r"bypass(?:es|ed|ing)? (?:\w+ ){0,3}(?:authentication|authorization|login|permissions?)",
            r"without (?:any )?(?:authentication|authorization|login|logging in)",
            _SECRET + r" (?:\w+ ){0,4}?(?:leak\w*|exposed|printed|logged|stolen|plain ?text)",
            _SECRET + r" (?:\w+ ){0,4}?(?:in|into|to) (?:the )?(?:\w+ )?logs?",
            r"(?:leak\w*|expos\w+|prints?|logs|dumps?|writes?) " + _FILLERS + _SECRET,
            r"(?:read|see|view|delete|edit|download)s? (?:the )?(?:other|another) " + _PARTIES,
            r"sicherheitsl\u00fccke\w*|vulnerabilidad\w*|vuln\u00e9rabilit\w*|vulnerabilidade\w*",
        ),
    ),
    (
        "data loss",
        (
            r"data ?loss|loss of (?:\w+ ){0,2}data",
            r"los(?:e|es|t|ing) (?:(?:all|my|our|the|their|your|some|user|customer) )*" + _DATA,
            _DATA + r" (?:\w+ ){0,3}?(?:lost|gone|wiped|erased|corrupt\w*|overwritten|destroyed)",
            r"(?:wipe[sd]?|erase[sd]?|destroy(?:s|ed)?|corrupt(?:s|ed)) (?:\w+ ){0,3}" + _DATA,
            r"delete[sd] (?:all|every) (?:\w+ ){0,2}" + _DATA,
            r"datenverlust|p\u00e9rdida de datos|perte de donn\u00e9es|perda de dados",
        ),
    ),
    (
        "outage",
        (
            r"outages?",
            r"production (?:\w+ ){0,2}(?:down|unavailable|unusable)",
            _SYSTEM + r" (?:is|are|was|went|goes|keeps) (?:\w+ ){0,2}(?:down|unavailable)",
            r"(?:nobody|no one|no customer|none of \w+ \w+) (?:can|could|is able to) \w+",
            r"(?:all|every) (?:requests?|customers?|users?) (?:\w+ ){0,3}(?:fail\w*|affected|locked)",
        ),
    ),
)
_CJK_CRITICAL = (
    ("security", ("\u8106\u5f31\u6027", "\u6f0f\u6d1e", "\ucde8\uc57d\uc810")),
    ("data loss", ("\u30c7\u30fc\u30bf\u640d\u5931", "\u6570\u636e\u4e22\u5931")),
)
_CJK_DENIAL = re.compile(
    "\u3067\u306f\u306a|\u3058\u3083\u306a|\u3042\u308a\u307e\u305b\u3093|\u306a\u3057|"
    "\u4e0d\u662f|\u6ca1\u6709|\uc544\ub2d9|\uc5c6"
)
_CJK_BUG = re.compile(
    "\u30a8\u30e9\u30fc|\u30d0\u30b0|\u30af\u30e9\u30c3\u30b7\u30e5|\u5d29\u6e83|\u5316\u3051"
)

_DENIALS = re.compile(
    "no|not|never|none|without|nor|neither|isnt|arent|doesnt|dont|didnt|wasnt|cannot|cant|wont|"
    "avoids?|prevents?|against|kein|keinen?|ohne|nicht|sin|ninguna|pas|sans"
)
_ENDS_DENIAL = re.compile(r"because|but|so|and|when|while|if|that|which|then|however|since|\.")
_DENIAL_REACH = 5


def _compile(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(rf"(?<= )(?:{p})(?= )") for p in patterns)


_LABEL_PATTERNS = {label: _compile(patterns) for label, patterns in _EVIDENCE.items()}
_CRITICAL_PATTERNS = tuple((kind, _compile(patterns)) for kind, patterns in _CRITICAL)


def scores(title: str, body: str) -> dict[str, int]:
    """Count the evidence for each label: different patterns found and not denied.

    Args:
        title: flat text.
        body: flat text of the prose.
    """
    found: dict[str, int] = {}
    for label, patterns in _LABEL_PATTERNS.items():
        in_title = sum(affirmed(p, title) is not None for p in patterns)
        in_body = sum(affirmed(p, body) is not None for p in patterns)
        found[label] = TITLE_WEIGHT * in_title + in_body
    if _CJK_BUG.search(title):
        found["bug"] += TITLE_WEIGHT
    return found


def critical(title: str, body: str) -> tuple[str, str] | None:
    """Find a security problem, a loss of data or an outage that the text affirms.

    Returns:
        The kind and the words that say so, or None.
    """
    for kind, patterns in _CRITICAL_PATTERNS:
        for text in (title, body):
            for pattern in patterns:
                said = affirmed(pattern, text)
                if said is not None:
                    return kind, said
    return _critical_cjk(title + body)


def affirmed(pattern: re.Pattern[str], text: str) -> str | None:
    """Return the first match that its sentence does not deny, or None.

    Two denials cancel each other, so "does not prevent data loss" affirms.
    """
    for match in pattern.finditer(text):
        denials = 0
        before = text[max(0, match.start() - 120) : match.start()].split()
        for word in reversed(before[-_DENIAL_REACH:]):
            if _ENDS_DENIAL.fullmatch(word):
                break
            denials += _DENIALS.fullmatch(word) is not None
        if denials % 2 == 0:
            return match.group()
    return None


def _critical_cjk(text: str) -> tuple[str, str] | None:
    for kind, terms in _CJK_CRITICAL:
        for term in terms:
            at = text.find(term)
            around = text[max(0, at - 4) : at + len(term) + 10]
            if at >= 0 and not _CJK_DENIAL.search(around):
                return kind, term
    return None
