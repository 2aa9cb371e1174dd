"""Texts of others without the secrets that they may carry: logs of builds, answers of registries and of the kubelet.

Owns the patterns: user information in URLs, HTTP authorization, assignments to names that mean secrets, tokens of known
forms, private keys. What looks like a secret is replaced; too much is better than too little.
"""

import re

HIDDEN = "***"
_LONGEST_TEXT = 16384
_NAME = r"(?:passw(?:or)?d|passphrase|secret|token|credential|signature|api[_-]?key|access[_-]?key|\bsig\b)[\w.-]{0,64}"
"""The end of a name that means a secret; bounded, so that no text takes long."""
_RULES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", HIDDEN),
        (r"://[^/\s@'\"]+@", f"://{HIDDEN}@"),
        (r"(?i)(\bauthorization['\"]?\s*[:=]\s*['\"]?)(?:(\w+)\s+)?[^\s'\",]+", rf"\1\2 {HIDDEN}"),
        (r"\b([Bb]earer|[Bb]asic|BEARER|BASIC)\s+(?=\S*[A-Z0-9=])[A-Za-z0-9+/=._~-]{8,}", rf"\1 {HIDDEN}"),
        (rf"(?i)({_NAME})=(?:'[^']*'|\"[^\"]*\"|[^\s'\"&;,]+)", rf"\1={HIDDEN}"),
        (rf"(?i)({_NAME}['\"]\s{{0,9}}:\s{{0,9}}['\"])[^'\"]+", rf"\1{HIDDEN}"),
        (r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|AKIA[0-9A-Z]{12,})", HIDDEN),
        (r"\beyJ[\w-]+\.[\w-]+\.[\w-]*", HIDDEN),
    )
)


def redacted(text: str) -> str:
    """The text, of a longer one its end, with secrets hidden."""
    text = text[-_LONGEST_TEXT:]
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
