"""Text from outside, made safe to show on GitHub: the one pipeline, applied where text leaves.

In the order of gh-aw's own: hidden text is undone (`contracts.hardening`), then comments, mentions,
tags, addresses, length, references, what closes them, template delimiters, and fences. Its filters
look for what may be dangerous; here, what is left after hardening is escaped as a whole, and a short
list is let back in. Escaping alone would not do: GitHub looks for mentions and references in the
rendered text, where a backslash is gone. So whatever it would bring to life goes into code spans.

| for | use |
| --- | --- |
| a table cell, a sentence | `inline` |
| paragraphs, lists, code | `block` |
| a title or a label, where markdown is not rendered | `title`, `label` |
| an address that GitHub gave | `link` |
| an input of the next worker | `contracts.hardening.quoted` |

All of it takes time in proportion to the text.
"""

from activities.sanitize.addresses import GITHUB, Origins, origins
from activities.sanitize.block import block
from activities.sanitize.one_line import inline, label, link, login, title

__all__ = ["GITHUB", "Origins", "block", "inline", "label", "link", "login", "origins", "title"]
