"""`replay schema`: JSON Schemas of what replay reads and writes."""

from __future__ import annotations

import click


@click.command()
@click.argument(
    "kind", type=click.Choice(["spec", "config", "expected", "json", "vectors"]), default="spec"
)
def schema(kind: str) -> None:
    """Print a JSON Schema: of specs (the default), the config, expected verdicts, the lines of --json, or
    the file of `replay vectors`.

    \b
    replay schema > replay.schema.json
    """
    import json

    from replay.campaign import vectors
    from replay.cases.spec_schema import schema as of_specs
    from replay.config import file as config
    from replay.expected import file as expected_file
    from replay.report import json_lines

    described = {
        "spec": of_specs,
        "config": config.schema,
        "expected": expected_file.schema,
        "json": json_lines.schema,
        "vectors": vectors.schema,
    }[kind]()
    click.echo(json.dumps(described, indent=2, ensure_ascii=False))
