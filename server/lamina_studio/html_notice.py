"""Small pages that the server writes itself: for a browser that cannot get the real ones."""

from __future__ import annotations

from jinja2 import Environment
from starlette.responses import HTMLResponse

from lamina.text import LANGUAGES, Language, Text

_TEMPLATE = Environment(autoescape=True).from_string(
    """<!doctype html>
<html lang="{{ language }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title.in_language(language) }} · Lamina</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif; }
body { max-width: 38rem; margin: 15vh auto; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; line-height: 1.3; }
section + section { margin-top: 2.5rem; padding-top: 1rem; border-top: 1px solid #8886; }
code { padding: .15em .4em; border-radius: .3em; background: #8882; }
</style>
</head>
<body>
{% for each in languages %}
<section lang="{{ each }}">
<h1>{{ title.in_language(each) }}</h1>
{% for paragraph in paragraphs %}<p>{{ paragraph.in_language(each) }}</p>
{% endfor %}
{% for command in commands %}<p><code>{{ command }}</code></p>
{% endfor %}
{% if link %}<p><a href="{{ link[0] }}">{{ link[1].in_language(each) }}</a></p>{% endif %}
</section>
{% endfor %}
</body>
</html>
"""
)


def html_notice(
    title: Text,
    *paragraphs: Text,
    status: int,
    language: Language,
    commands: tuple[str, ...] = (),
    link: tuple[str, Text] | None = None,
) -> HTMLResponse:
    """A page in both languages, the reader's own first."""
    return HTMLResponse(
        _TEMPLATE.render(
            title=title,
            paragraphs=paragraphs,
            commands=commands,
            link=link,
            language=language,
            languages=sorted(LANGUAGES, key=lambda each: each != language),
        ),
        status,
    )
