"""The table of options as a page: `python -m replay.config.reference > docs/config.md`."""

from __future__ import annotations

from collections.abc import Iterable

from replay.config.option import Kind, Option
from replay.config.options import CONFIG, RUN, SERVE, SERVER

_HEAD = """\
# Options and config keys

`replay run` and `replay serve` take an option from the command line, or else from a config, or else its
default. The config is the file that `--config` names, or else `replay.yaml`, or `[tool.replay]` in
`pyproject.toml`, in the current folder or the nearest folder above it, up to the root of the repository. A
`.json` file is read as a config of [Autobahn](autobahn.md).

The key of an option is its name without the dashes. The keys of `replay run` stand at the top of the
config, those of `replay serve` under `serve`:

```yml
url: ws://127.0.0.1:9001
header: ["Authorization: Bearer x"]
strict: true
serve:
  each: node echo.js {url}
  cases: ["*", "!9.*"]
```

```toml
[tool.replay]
url = "ws://127.0.0.1:9001"
header = ["Authorization: Bearer x"]
strict = true

[tool.replay.serve]
each = "node echo.js {url}"
cases = ["*", "!9.*"]
```

The value of a flag is `true` or `false`. A list may be a single value instead.
Relative paths start at the folder of the config. An unknown key or a wrong value is an error that names the
file, the line and the column. An option without a key exists on the command line only.

This page is generated from the table in `replay/config/options.py`:
`python -m replay.config.reference > docs/config.md`.
"""
_SEVERAL = """\
## Several servers

`servers` lists servers that `replay run` tests [one after the other](runs.md#several-servers). Each has a
name, `agent`, and `url` or `exec`. Keys outside of `servers` apply to all of them; a server can have its
own {keys}.
"""


def page() -> str:
    """The text of docs/config.md."""
    own = [_code(option.name) for option in SERVER if option.name not in ("url", "exec")]
    several = _SEVERAL.format(keys=" and ".join((", ".join(own[:-1]), own[-1])))
    return "\n".join((_HEAD, _table("run", RUN), several, _table("serve", SERVE)))


def _table(command: str, options: Iterable[Option]) -> str:
    rows = "".join(f"{_row(option)}\n" for option in (*options, CONFIG))
    heading = "| option | config key | default | description |\n|---|---|---|---|\n"
    return f"## replay {command}\n\n{heading}{rows}"


def _row(option: Option) -> str:
    default = "" if option.default in (None, "") else _code(str(option.default))
    return f"| {_code(_said(option))} | {_key(option)} | {default} | {option.help.replace('|', '&#124;')} |"


def _said(option: Option) -> str:
    """How an option is written on a command line."""
    if option.takes is Kind.CASES:
        return option.value
    return " ".join(filter(None, (", ".join(option.spellings), option.value)))


def _key(option: Option) -> str:
    if not option.in_config:
        return ""
    listed = " (list)" if option.multiple else " (or a list)" if option.takes is Kind.EXPECTED else ""
    return f"{_code(option.name)}{listed}"


def _code(text: str) -> str:
    return "`" + text.replace("|", r"\|") + "`"


def main() -> None:
    """Print the page."""
    print(page(), end="")


if __name__ == "__main__":
    main()
