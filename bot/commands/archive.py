"""`gege backup` and `gege restore`: everything that a site owns, in one file that proves itself.

An archive is a .tar.gz: `home/…` (the files of GEGE_HOME), `database.sqlite` or `database.pgdump`, and last
`MANIFEST.json` with size and SHA-256 of each, so that a file that was cut short has no manifest."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import hashlib
import io
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from alembic.script import ScriptDirectory
from sqlalchemy import URL, create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from bot.commands.restored import as_one_file, go_on
from bot.commands.sealed_backup import NotOpened, is_sealed, open_sealed, opens_of, seal, seals_of
from bot.database import MIGRATIONS, now, open_database
from bot.foundation.errors import Refused
from bot.foundation.private_files import shut
from bot.privacy.tombstones import Hasher
from bot.settings import Settings, SettingsError, load_settings

FORMAT = 1
MANIFEST = "MANIFEST.json"
SQLITE, POSTGRES = "database.sqlite", "database.pgdump"
#: in GEGE_HOME but made again or installed again when it is missing
REMADE = ("cache", "sample", "models", "demo-model")
#: what `restore --force` found in the way lies in GEGE_HOME/replaced-<time>
REPLACED = "replaced-"
_UNDER_WAY = (".gege-backup-", ".restoring-")
_CHUNK = 1 << 20


class ArchiveFailed(Refused):
    """Nothing was backed up or restored; the message says why and what to do."""


@dataclass(frozen=True)
class _Entry:
    sha256: str
    size: int


def _passed_over(name: str) -> bool:
    """Whether an entry of GEGE_HOME is neither backed up nor replaced."""
    return name in REMADE or name.startswith((REPLACED, *_UNDER_WAY))


# ---- backup ---------------------------------------------------------------------------------------


def backup(settings: Settings, file: Path, leave_out: Collection[str] = ()) -> str:
    """Write settings, database, recordings, prompts and what else the site has put into GEGE_HOME; → one line.

    The service may go on running: the database is copied as it stands at one moment, the recordings after it, so
    that none which it names is missing. What was written is opened and proved before it takes its name, and sealed where
    the site has a key for that (`gege keys backup`). `leave_out`: entries of GEGE_HOME that are kept elsewhere.
    Raises ArchiveFailed and leaves no half file."""
    file = file.expanduser()
    if not file.parent.is_dir():
        raise ArchiveFailed(f"{file.parent}: there is no such folder")
    if file.exists() and not (_is_gzip(file) or is_sealed(file)):
        raise ArchiveFailed(f"{file} is there and no archive; it stays as it is. Name another file")
    if not settings.home.is_dir():
        raise ArchiveFailed(f"{settings.home}: nothing to back up, there is no such folder (GEGE_HOME)")
    Hasher(settings.home)  # an archive of before the first deletion holds its key as well
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=_UNDER_WAY[0]) as name:
            made = Path(name) / "archive"
            count = _write(settings, made, Path(name), leave_out)
            made.chmod(0o600)  # names, numbers and voices of residents
            with made.open("rb") as whole:
                os.fsync(whole.fileno())
            _prove(made, Path(name))
            if (seals := seals_of(settings.home)) is not None:
                sealed = Path(name) / "sealed"
                seal(made, sealed, seals)
                made = sealed
            made.replace(file)
    except (OSError, tarfile.TarError, sqlite3.Error, SQLAlchemyError) as problem:
        raise ArchiveFailed(f"{file}: the backup failed: {_line(problem)}") from problem
    return f"{file}: {count} files and the database, {file.stat().st_size / 1e6:.1f} MB"


def _write(settings: Settings, archive: Path, workshop: Path, leave_out: Collection[str]) -> int:
    """The archive; → how many files of GEGE_HOME it holds."""
    url, made_at = make_url(settings.database_url), now()  # what comes after this moment may be missing
    copy = _copy_sqlite(url, workshop) if url.get_backend_name() == "sqlite" else _dump_postgres(url, workshop)
    entries: dict[str, _Entry] = {}
    with tarfile.open(archive, "w:gz", compresslevel=6, format=tarfile.PAX_FORMAT) as tar:
        entries[copy.name] = _add(tar, copy, copy.name)
        for path, name in _owned(settings, url, archive, leave_out):
            # What retention deletes meanwhile is not missed.
            with contextlib.suppress(FileNotFoundError):
                entries[name] = _add(tar, path, name)
        manifest = {
            "gege_archive": FORMAT,
            "made_at": made_at.isoformat(timespec="seconds"),
            "revision": _revision(URL.create("sqlite", database=str(copy)) if copy.name == SQLITE else url),
            "files": {name: {"sha256": one.sha256, "size": one.size} for name, one in entries.items()},
        }
        content = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
        info = tarfile.TarInfo(MANIFEST)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return len(entries) - 1


def _owned(settings: Settings, url: URL, archive: Path, leave_out: Collection[str]) -> Iterator[tuple[Path, str]]:
    """Every file of GEGE_HOME that cannot be made again, and its name in the archive."""
    home = settings.home
    own = {home / f"gege.sqlite{end}" for end in ("", "-wal", "-shm", "-journal")}
    if url.get_backend_name() == "sqlite" and url.database:
        own |= {Path(url.database + end) for end in ("", "-wal", "-shm", "-journal")}
    skip = {path.resolve() for path in own} | {archive.parent.resolve()}
    for top in sorted(home.iterdir()):
        if _passed_over(top.name) or top.name in leave_out:
            continue
        found = [top] if top.is_file() else [Path(at) / one for at, _, files in os.walk(top) for one in files]
        for path in sorted(found):
            # An archive of yesterday that lies in GEGE_HOME does not go into today's.
            if path.resolve() in skip or not path.is_file() or path.name.endswith((".tar.gz", ".part")):
                continue
            yield path, f"home/{path.relative_to(home).as_posix()}"


def _prove(archive: Path, workshop: Path) -> None:
    """Open what was written as a restore would. Raises ArchiveFailed: what cannot be read again is no backup."""
    opened = workshop / "opened"
    opened.mkdir()
    _unpack(archive, opened)
    copy = opened / SQLITE
    if copy.is_file():
        with contextlib.closing(sqlite3.connect(copy)) as database:
            if (found := database.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise ArchiveFailed(f"what was written cannot be read again ({found}); is the disk damaged?")
    shutil.rmtree(opened)


class _Hashing:
    """A file that is hashed while tarfile reads it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.digest.update(data)
        return data


def _add(tar: tarfile.TarFile, path: Path, name: str) -> _Entry:
    with path.open("rb") as stream:
        # Of a recording that is still growing, what is there now.
        info = tarfile.TarInfo(name)
        status = os.fstat(stream.fileno())
        info.size, info.mtime, info.mode = status.st_size, int(status.st_mtime), stat.S_IMODE(status.st_mode)
        hashing = _Hashing(stream)
        tar.addfile(info, hashing)  # type: ignore[arg-type]
    return _Entry(hashing.digest.hexdigest(), info.size)


def _copy_sqlite(url: URL, workshop: Path) -> Path:
    source = Path(url.database or "")
    if not source.is_file():
        raise ArchiveFailed(f"{source}: there is no database yet; nothing to back up")
    copy = workshop / SQLITE
    with (
        contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True, timeout=30)) as old,
        contextlib.closing(sqlite3.connect(copy)) as new,
    ):
        # In one step: a reader in WAL mode holds up no writer, and nothing written meanwhile comes in half.
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")
        if (found := new.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise ArchiveFailed(f"{source} is damaged ({found}); restore an earlier backup")
    return copy


def _dump_postgres(url: URL, workshop: Path) -> Path:
    copy = workshop / POSTGRES
    _postgres("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={copy}")
    return copy


def _postgres(program: str, url: URL, *arguments: str) -> None:
    """Run a PostgreSQL client; the password goes by the environment, where `ps` does not show it."""
    found = shutil.which(program)
    if found is None:
        raise ArchiveFailed(f"{program} is missing: apt-get install postgresql-client")
    target = url.set(drivername="postgresql", password=None).render_as_string()
    environment = dict(os.environ)
    if url.password:
        environment["PGPASSWORD"] = str(url.password)
    done = subprocess.run(
        [found, f"--dbname={target}", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        told = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise ArchiveFailed(f"{program} failed: {told[-1]}")


def _revision(url: URL) -> str:
    """The revision of a database's tables. Raises ArchiveFailed when they are not Gege's."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
    except SQLAlchemyError as problem:
        raise ArchiveFailed(f"{url.render_as_string()}: no database of Gege's ({_line(problem)})") from problem
    finally:
        engine.dispose()


def _line(problem: BaseException) -> str:
    """The first line of what a library says."""
    cause = getattr(problem, "orig", None) or problem
    return next(iter(str(cause).strip().splitlines()), type(cause).__name__)


def _is_gzip(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


# ---- restore --------------------------------------------------------------------------------------


def restore(settings: Settings, file: Path, force: bool = False, key: Path | None = None) -> str:
    """Put an archive back into GEGE_HOME and its database; → one line.

    Everything is unpacked aside and proved first, then moved into place; a failure leaves all as it was. Refuses
    a GEGE_HOME that is not empty without `force`; with it, what was there is kept in GEGE_HOME/replaced-<time>.
    `key`: what opens a sealed archive. Raises ArchiveFailed."""
    home = settings.home
    if not file.is_file():
        raise ArchiveFailed(f"{file}: there is no such file")
    there = [one.name for one in home.iterdir() if not _passed_over(one.name)] if home.is_dir() else []
    if there and not force:
        raise ArchiveFailed(
            f"{home} is not empty ({', '.join(sorted(there)[:3])} …); nothing was changed. "
            "--force replaces it and keeps what is there aside"
        )
    made = not home.exists()
    try:
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o700)
        with tempfile.TemporaryDirectory(dir=home, prefix=_UNDER_WAY[1]) as name:
            return _restore(home, file, Path(name), force, key)
    except (OSError, EOFError, zlib.error, tarfile.TarError, sqlite3.Error, SQLAlchemyError) as problem:
        raise ArchiveFailed(f"{file}: cannot be restored, nothing was changed: {_line(problem)}") from problem
    finally:
        if made:
            with contextlib.suppress(OSError):
                home.rmdir()  # only when nothing came into it


def _restore(home: Path, file: Path, workshop: Path, force: bool, key: Path | None) -> str:
    manifest = _unpack(file, workshop, key)
    known = {one.revision for one in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if manifest["revision"] not in known:
        raise ArchiveFailed(f"{file}: comes from a newer Gege (tables {manifest['revision']}); update Gege first")
    unpacked = workshop / "home"
    unpacked.mkdir(exist_ok=True)
    shut(unpacked)
    url = _destined(home, unpacked, file)
    kind = SQLITE if url.get_backend_name() == "sqlite" else POSTGRES
    dump = workshop / kind
    if not dump.is_file():
        other = "PostgreSQL" if kind == SQLITE else "SQLite"
        raise ArchiveFailed(
            f"{file} holds a {other} database, but the database is to be {url.render_as_string()}; "
            "set GEGE_DATABASE_URL to one of the same kind"
        )
    made_at = dt.datetime.fromisoformat(manifest["made_at"])
    stamp = f"{REPLACED}{now():%Y%m%d-%H%M%S}"
    moves = [(one, home / one.name) for one in sorted(unpacked.iterdir())]
    if kind == SQLITE:
        target = Path(url.database or "")
        _check_unused(target)
        step = go_on(URL.create("sqlite", database=str(dump)), unpacked, made_at)
        as_one_file(dump)
        moves.append((dump, target))
    else:
        _check_postgres(url, force)
    with _moved(home, moves, home / stamp):
        if kind == POSTGRES:
            # Inside: when it fails, the files go back as well.
            options = ("--clean", "--if-exists") if force else ()
            _postgres("pg_restore", url, "--single-transaction", "--no-owner", "--exit-on-error", *options, str(dump))
            step = go_on(url, home, made_at)
    count = len(manifest["files"]) - 1
    told = f"{home}: restored {count} files and the database as of {made_at:%Y-%m-%d %H:%M:%S} UTC"
    told += f"; ticket numbers go on {step} further"
    if (home / stamp).exists():
        told += f"; what was there is in {home / stamp}"
    return told + _still_owed(url)


def _unpack(file: Path, workshop: Path, key: Path | None = None) -> dict[str, Any]:
    """Unpack into `workshop` and prove every file against the manifest; → the manifest."""
    plain = _opened(file, workshop, key) if is_sealed(file) else file
    found: dict[str, _Entry] = {}
    manifest: dict[str, Any] | None = None
    with gzip.open(plain) as stream:
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                _check_member(member, file)
                content = tar.extractfile(member)
                assert content is not None
                if member.name == MANIFEST:
                    manifest = _read_manifest(content.read(), file)
                elif member.name in found:
                    raise ArchiveFailed(f"{file}: holds {member.name!r} twice; it is no archive of gege backup")
                else:
                    found[member.name] = _extract(content, workshop / member.name, member)
        # gzip's own checksum stands at the very end.
        while stream.read(_CHUNK):
            pass
    if manifest is None:
        raise ArchiveFailed(f"{file}: has no manifest; it was cut short or is no archive of gege backup")
    due = {name: _Entry(str(one["sha256"]), int(one["size"])) for name, one in manifest["files"].items()}
    if wrong := sorted(name for name in found.keys() | due.keys() if found.get(name) != due.get(name)):
        raise ArchiveFailed(f"{file}: is damaged ({', '.join(wrong[:3])}); nothing was changed")
    return manifest


def _opened(file: Path, workshop: Path, key: Path | None) -> Path:
    if key is None:
        raise ArchiveFailed(f"{file}: is sealed; say --key FILE, the one that gege keys backup made for you")
    plain = workshop / "opened.tar.gz"
    try:
        open_sealed(file, plain, opens_of(key))
    except NotOpened as problem:
        raise ArchiveFailed(str(problem)) from problem
    return plain


def _check_member(member: tarfile.TarInfo, file: Path) -> None:
    path = PurePosixPath(member.name)
    known = member.name in (MANIFEST, SQLITE, POSTGRES) or (len(path.parts) > 1 and path.parts[0] == "home")
    plain = not path.is_absolute() and ".." not in path.parts and "\\" not in member.name
    if not (known and plain and path.as_posix() == member.name):
        raise ArchiveFailed(f"{file}: refuses {member.name!r}, which leads outside GEGE_HOME; nothing was changed")
    if not member.isreg():
        raise ArchiveFailed(f"{file}: refuses {member.name!r}, which is no plain file; nothing was changed")


def _read_manifest(content: bytes, file: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(content)
        if manifest["gege_archive"] != FORMAT:
            raise ArchiveFailed(f"{file}: was made by another version of Gege (format {manifest['gege_archive']})")
        manifest["revision"], dt.datetime.fromisoformat(manifest["made_at"])
        for one in manifest["files"].values():
            one["sha256"], int(one["size"])
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise ArchiveFailed(f"{file}: its manifest is damaged; nothing was changed") from problem
    return manifest


def _extract(content: IO[bytes], target: Path, member: tarfile.TarInfo) -> _Entry:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as out:
        while part := content.read(_CHUNK):
            out.write(part)
            digest.update(part)
            size += len(part)
        out.flush()
        os.fsync(out.fileno())
    target.chmod(0o600)  # not the archive's mode: its maker has no say in who reads here
    os.utime(target, (member.mtime, member.mtime))
    return _Entry(digest.hexdigest(), size)


def _destined(home: Path, unpacked: Path, file: Path) -> URL:
    """The database that is written to: GEGE_DATABASE_URL's, else the one in GEGE_HOME. An archive names none: whoever made
    it would choose a file on this machine. Raises ArchiveFailed where its settings name another one."""
    usual = f"sqlite:///{home / 'gege.sqlite'}"
    said = os.environ.get("GEGE_DATABASE_URL") or usual
    try:
        named = make_url(load_settings(unpacked).database or usual)
    except SettingsError as problem:
        raise ArchiveFailed(f"{file}: its settings cannot be used: {problem}") from problem
    if named != make_url(said):
        raise ArchiveFailed(
            f"{file}: its settings name the database {named.render_as_string()}; nothing was changed. "
            "When that is where it belongs, say so: GEGE_DATABASE_URL=… gege restore …"
        )
    return named


def _check_unused(target: Path) -> None:
    """Refuse to pull a database from under a running service."""
    if not target.exists():
        return
    # In WAL mode whoever has the database open shares a lock that only leaving that mode asks for.
    with contextlib.closing(sqlite3.connect(target, timeout=1)) as there:
        try:
            there.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as problem:
            raise ArchiveFailed(f"{target} is in use ({problem}); stop the service first") from problem
        except sqlite3.DatabaseError:
            pass  # it is damaged: that is why somebody restores


def _check_postgres(url: URL, force: bool) -> None:
    database = open_database(url.render_as_string(hide_password=False))
    try:
        tables = inspect(database.engine).get_table_names()
    finally:
        database.dispose()
    if tables and not force:
        raise ArchiveFailed(
            f"the database {url.render_as_string()} is not empty; nothing was changed. --force replaces it"
        )


@contextlib.contextmanager
def _moved(home: Path, moves: list[tuple[Path, Path]], aside: Path) -> Iterator[None]:
    """Put what is in the way aside and every source in its place; an exception in the block moves all back."""
    done: list[tuple[Path, Path]] = []

    def move(source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(source, target)
        done.append((source, target))

    try:
        for old in sorted(home.iterdir()):
            if not _passed_over(old.name):
                move(old, aside / old.name)
        for source, target in moves:
            for end in ("", "-wal", "-shm") if source.name == SQLITE else ("",):
                old = Path(f"{target}{end}")
                if old.exists():
                    move(old, aside / old.name)
            move(source, target)
        yield
    except BaseException:
        for source, target in reversed(done):
            shutil.move(target, source)
        with contextlib.suppress(OSError):
            aside.rmdir()
        raise


def _still_owed(url: URL) -> str:
    """Old messages go out when the service starts; whoever only tries an archive must know."""
    database = open_database(url.render_as_string(hide_password=False))
    try:
        with database.engine.connect() as connection:
            count = connection.execute(text("SELECT count(*) FROM notification WHERE state = 'pending'")).scalar()
    finally:
        database.dispose()
    return f"; {count} messages are still owed and go out when the service starts" if count else ""
