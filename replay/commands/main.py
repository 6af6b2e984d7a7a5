"""The command line. A command imports what it needs when it runs, so that --help costs nothing."""

from __future__ import annotations

import errno
import os
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay import __version__
from replay.commands.diff import diff
from replay.commands.init import init
from replay.commands.options import with_options
from replay.commands.output import FAULTY, CommandFault, new_console
from replay.commands.report import report
from replay.commands.run import run
from replay.commands.selection import chosen_items, complete_words, passed_over, paths_in
from replay.commands.serve import serve
from replay.commands.wstest import wstest
from replay.config.options import CASES, JSON, KEYWORD, PROFILE, REPORT, STRICT, VERBOSE
from replay.source import SourceError, printable, strerror
from replay.suite import edition

if TYPE_CHECKING:
    from replay.campaign.outputs import WantedReport

INTERRUPTED = 130
UNREAD = 141
"""The exit status that a shell reports for a program whose output nobody reads any more (SIGPIPE)."""

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class CommandGroup(click.Group):
    """Turns the errors that are part of the product into messages."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SourceError as error:
            raise CommandFault(str(error)) from None
        except MemoryError:
            raise CommandFault("out of memory: this needs more memory than is available") from None
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            _let_go()
            sys.exit(UNREAD)


def _let_go() -> None:
    """Nobody reads standard output any more; don't try again to write what is still buffered."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        click.echo(f"replay {__version__}, {edition.edition()}")
        ctx.exit()


@click.group(cls=CommandGroup, context_settings=CONTEXT)
@click.option(
    *("-V", "--version"),
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version of replay and of its suite.",
)
def cli() -> None:
    """Test WebSocket servers and clients against RFC 6455 and RFC 7692 by playing wire logs and specs.

    \b
    replay run                               play the bundled suite against the built-in echo server
    replay run --url ws://127.0.0.1:9001     play it against your server
    replay run traces/ my.wirelog            play recorded logs, octet for octet
    replay serve                             play the bundled suite against your client
    replay report --open                     show the last run as a page
    replay show my.wirelog                   decode a log
    replay show 6.3.1                        describe a test case
    replay check my.wirelog                  judge a log, without a network
    replay diff runs/monday runs/tuesday     show what changed between two runs
    replay init                              write a config and a CI workflow

    Exit status: 0 if every verdict is as it should be, 1 if one is not, 2 for a log, spec or argument that
    can't be used, 3 if the server could not be reached, and 130 if the run was interrupted.
    """


cli.add_command(run)
cli.add_command(serve)
cli.add_command(diff)
cli.add_command(init)
cli.add_command(report)
cli.add_command(wstest)


@cli.command(short_help="Judge wire logs offline.")
@click.argument("paths", nargs=-1, required=True, metavar="LOG...")
@with_options(PROFILE, STRICT, VERBOSE)
def check(paths: tuple[str, ...], profile: str, strict: bool, verbose: bool) -> None:
    """Judge wire logs offline: each by the test case that it names, or else by the rules of the RFCs alone.

    \b
    replay check my.wirelog
    replay check --profile rfc .replay/last
    pbpaste | replay check -
    """
    from replay import flows
    from replay.cases.model import Profile
    from replay.report import terminal
    from replay.suite.files import logs

    console = new_console()
    failed = False
    for log in logs(paths, passed_over):
        result = flows.check(log, Profile(profile))
        console.print(terminal.line(result, console.width))
        if verbose:
            console.print(terminal.verbose(result))
        if result.counts(strict):
            failed = True
            console.print(terminal.failure(result, None))
            console.print()
        elif not verbose:
            console.print(terminal.notes(result))
    sys.exit(int(failed))


@cli.command(short_help="Decode wire logs and describe test cases.")
@click.argument(
    "words", nargs=-1, required=True, metavar="[LOG|SPEC|ID|GLOB]...", shell_complete=complete_words
)
@click.option("-v", "--verbose", is_flag=True, help="Show messages in full, with JSON laid out.")
@click.option("--json", is_flag=True, help="Print a line of JSON for each message, with its payload.")
def show(words: tuple[str, ...], verbose: bool, json: bool) -> None:
    """Decode wire logs: their frames, header bits and payloads, and the rules that are broken. Describe
    test cases: what they do and expect, the rule they test, what is sent and what may come back.

    \b
    replay show traces/01-framing/1.2.3.wirelog
    replay show 6.3.1
    replay show my-spec.yaml
    """
    from replay.protocol.interpreter import observe
    from replay.report import contents, frames
    from replay.report.described import described
    from replay.suite.files import SPECS, logs

    console = new_console()
    paths = [word for word in paths_in(words) if Path(word).suffix not in SPECS]
    rest = [word for word in words if word not in paths]
    for number, item in enumerate(chosen_items(rest, None) if rest else ()):
        if number:
            console.print()
        console.print(described(item.case))
    for number, log in enumerate(logs(paths, passed_over), len(rest)):
        if number and not json:
            console.print()
        for warning in log.warnings:
            click.echo(f"warning: {warning}", err=True)
        if json:
            for line in contents.objects(log.trace, observe(log.trace)):
                click.echo(line)
        else:
            console.print(frames.show(log.trace, observe(log.trace), verbose))


@cli.command(short_help="Judge a stored run again.")
@click.argument("directory", default=".replay/last", type=click.Path(path_type=Path), metavar="[DIR]")
@with_options(REPORT, JSON)
def rejudge(directory: Path, report: tuple[WantedReport, ...], json: bool) -> None:
    """Judge the logs of a stored run again, offline, and show which verdicts differ from the stored ones.

    \b
    replay rejudge
    replay rejudge runs/tuesday --report junit=report.xml
    """
    from replay import flows
    from replay.campaign.explain import Explainer
    from replay.campaign.outputs import STDOUT, Outputs, WantedReport
    from replay.report import terminal, words
    from replay.suite import files as suite
    from replay.verdict.result import kept
    from replay.wire.side import Side

    wanted = [*report, WantedReport("json", STDOUT)] if json else report
    stored, again = flows.rejudge(directory)
    outputs = Outputs(wanted, {}, places=suite.places() if stored.tester is Side.CLIENT else None)
    track, explain = outputs.track(stored.agent or None), Explainer()
    console = new_console(stderr=outputs.take_stdout)
    counts, results = Counter[str](), []
    for number, one in enumerate(again):
        counts["unreadable" if one.result is None else "agree" if one.agrees else "differ"] += 1
        if one.result is None:
            click.echo(f"error: {printable(one.case.id)}: {one.fault}", err=True)
            continue
        if not one.agrees:
            console.print(terminal.line(one.result, console.width, note="differs from what is stored"))
            console.print(terminal.failure(one.result, None))
        if outputs.asked:
            result = explain(one.result)
            track.add(number, result)
            results.append(kept(result))
    outputs.finish([flows.stored_run(stored, results)])
    for fault in outputs.faults:
        click.echo(f"error: {fault}", err=True)
    said = ", ".join(f"{counts[word]} {word}" for word in ("agree", "differ", "unreadable"))
    click.echo(f"{words.count(counts.total(), 'case')} rejudged: {said}", err=outputs.take_stdout)
    if stored.partial is not None:
        click.echo(stored.partial, err=outputs.take_stdout)
    sys.exit(FAULTY if counts["unreadable"] or outputs.faults else int(counts["differ"] > 0))


@cli.command(short_help="Print a JSON Schema for editors.")
@click.argument("kind", type=click.Choice(["spec", "config", "expected", "json"]), default="spec")
def schema(kind: str) -> None:
    """Print the JSON Schema of specs, of the config or of the file of expected verdicts, for editors, or
    that of the lines that --json prints.

    \b
    replay schema > replay.schema.json
    """
    import json

    from replay.cases.spec_schema import schema as of_specs
    from replay.config import file as config
    from replay.expected import file as expected_file
    from replay.report import json_lines

    described = {
        "spec": of_specs,
        "config": config.schema,
        "expected": expected_file.schema,
        "json": json_lines.schema,
    }[kind]()
    click.echo(json.dumps(described, indent=2, ensure_ascii=False))


@cli.command(short_help="Print a completion script for a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that lets a shell complete commands, options, ids and files.

    \b
    replay completion bash >> ~/.bashrc
    replay completion zsh >> ~/.zshrc
    replay completion fish > ~/.config/fish/completions/replay.fish
    """
    from click.shell_completion import ShellComplete, get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    for name in ("replay", "wire-replay"):
        variable = f"_{name.upper().replace('-', '_')}_COMPLETE"
        click.echo(ShellComplete.source(found(cli, {}, name, variable)))


@cli.command("list", short_help="List test cases.")
@with_options(CASES, KEYWORD)
@click.option("-v", "--verbose", is_flag=True, help="Describe what each case does and expects, too.")
def list_cases(cases: tuple[str, ...], keyword: str | None, verbose: bool) -> None:
    """List the test cases of the bundled suite, or of the specs and logs at each PATH.

    \b
    replay list '2.*'
    replay list -k 'binary and not 65535'
    """
    from replay.cases.cost import volume
    from replay.report.layout import wrapped
    from replay.report.purpose import purpose
    from replay.report.rounds import rounds

    width = new_console().width
    for item in chosen_items(cases, keyword):
        click.echo(f"{printable(item.case.id):<9} {printable(item.case.title)}")
        if verbose:
            for said in purpose(item.case):
                click.echo("\n".join(wrapped(said, width, " " * 10)))
            few = rounds(item.case)
            click.echo(f"{'':<9} sends about {volume(item.case):,} octets{few and f', {few}'}")


_UNUSABLE = "2 for a log, spec, config or argument that can't be used"
_ENDS = {
    "run": f"0 if every verdict is as it should be, 1 if one is not, {_UNUSABLE}, 3 if the server could "
    "not be reached or died, and 130 if the run was interrupted.",
    "serve": f"0 if every verdict is as it should be, 1 if one is not, {_UNUSABLE}, 3 if no client came or "
    "it died, and 130 if the run was interrupted.",
    "wstest": "that of `replay run` or `replay serve`; with --exit-zero it is 0 whatever the verdicts are.",
    "check": "0 if every verdict is as it should be, 1 if one is not, 2 if a log can't be read.",
    "diff": "0 if nothing got worse, 1 if a verdict did, 2 if a run can't be read or compared.",
    "rejudge": "0 if the verdicts are the stored ones, 1 if one differs, 2 if something can't be read.",
}
"""What the exit status of a command means. That of the other commands only says whether they did their
work."""

for _name, _command in cli.commands.items():
    said = _ENDS.get(
        _name, "0 if all went well, 2 for a wrong argument or a file that can't be read or written."
    )
    _command.epilog = f"Exit status: {said}"


def _named(error: OSError) -> str:
    """The system error in words. An error without a file name is about standard output."""
    said = strerror(error)
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return f"{said}: raise the limit with `ulimit -n`"
    return (
        f"can't write to standard output: {said}"
        if error.filename is None
        else f"{printable(str(error.filename))}: {said}"
    )


def main() -> None:
    """The entry point of `replay` and `wire-replay`."""
    from replay.live.signals import interrupt_on_signals

    try:
        interrupt_on_signals()
        cli.main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except OSError as error:
        _let_go()
        if isinstance(error, BrokenPipeError):
            sys.exit(UNREAD)
        with suppress(OSError):
            click.echo(f"error: {_named(error)}", err=True)
        sys.exit(FAULTY)
