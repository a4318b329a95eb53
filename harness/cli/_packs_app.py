"""The arguments of `harness packs` and its five commands."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from harness.cli._shared import language

Lang = Annotated[str | None, typer.Option("--lang", metavar="en|fr", help="Language; default: the locale's.")]
Format = Annotated[str, typer.Option("--format", help="text or json.")]
Named = Annotated[
    list[str] | None, typer.Argument(metavar="[PACK]...", help="Folders or coordinates of added packs; all added ones.")
]


def packs_app(end: Callable[[Callable[[], int]], None]) -> typer.Typer:
    """The group of commands; `end` runs a command and ends the process with its status."""
    app = typer.Typer(
        no_args_is_help=True, help="Official artefacts by coordinate: add, list, show, lock and verify packs."
    )

    @app.command("list")
    def list_(format_: Format = "text", lang: Lang = None) -> None:
        """List the packs that were added."""

        def command() -> int:
            from harness.cli._packs import list_packs

            return list_packs(format_, language(lang))

        end(command)

    @app.command()
    def show(
        pack: Annotated[str, typer.Argument(metavar="PACK", help="Folder, or coordinate of an added pack.")],
        format_: Format = "text",
        lang: Lang = None,
    ) -> None:
        """Show what is in a pack: artefacts, layers, what they judge, and every file that is missing."""

        def command() -> int:
            from harness.cli._packs import show_pack

            return show_pack(pack, format_, language(lang))

        end(command)

    _register_add(app, end)

    @app.command()
    def lock(
        packs: Named = None,
        output: Annotated[Path | None, typer.Option(help="Lock file; default: standard output.")] = None,
        lang: Lang = None,
    ) -> None:
        """Write the exact hashes of packs into a lock file (JSON)."""

        def command() -> int:
            from harness.cli._packs import lock_packs

            return lock_packs(tuple(packs or ()), output, language(lang))

        end(command)

    @app.command()
    def verify(
        what: Annotated[
            list[str], typer.Argument(metavar="LOCK|PACK...", help="Lock files, folders, coordinates of added packs.")
        ],
        pack: Annotated[
            list[Path] | None, typer.Option(help="Folder of a locked pack that was not added; repeatable.")
        ] = None,
        lang: Lang = None,
    ) -> None:
        """Compare packs with their lock, or with what was added: 0 the same, 1 a difference, 3 incomplete."""

        def command() -> int:
            from harness.cli._packs import verify_packs

            return verify_packs(tuple(what), tuple(pack or ()), language(lang))

        end(command)

    return app


def _register_add(app: typer.Typer, end: Callable[[Callable[[], int]], None]) -> None:
    @app.command()
    def add(
        path: Annotated[Path, typer.Argument(metavar="PATH", help="Folder or zip as its publisher distributes it.")],
        coordinate: Annotated[str | None, typer.Option(help="Name it otherwise: group:artefact:version.")] = None,
        status: Annotated[
            str | None, typer.Option(help="not-yet-active, valid, deprecated or expired, if its publisher says so.")
        ] = None,
        from_: Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day it is valid.")] = None,
        until: Annotated[str | None, typer.Option(metavar="DATE", help="Last day it is valid.")] = None,
        origin: Annotated[str | None, typer.Option(help="Where it comes from.")] = None,
        licence: Annotated[str | None, typer.Option(help="Its licence.")] = None,
        complete_from: Annotated[
            list[Path] | None,
            typer.Option(help="Published value sets to rebuild missing vocabulary files from; repeatable."),
        ] = None,
        replace: Annotated[
            bool, typer.Option("--replace", help="Take the place of another pack of that coordinate.")
        ] = False,
        lang: Lang = None,
    ) -> None:
        """Import a pack: recognise its layout, copy the files that matter, print its coordinate."""

        def command() -> int:
            from harness.cli._packs import AddOptions, add_pack, day_of
            from harness.store import PackWords

            words = PackWords(
                coordinate=coordinate or "",
                status=status or "",
                origin=origin or "",
                licence=licence or "",
                valid_from=day_of("--from", from_),
                valid_until=day_of("--until", until),
            )
            return add_pack(
                AddOptions(
                    path=path,
                    words=words,
                    complete_from=tuple(complete_from or ()),
                    replace_other=replace,
                    lang=language(lang),
                )
            )

        end(command)
