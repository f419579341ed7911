#!/usr/bin/env python3
"""What RustSec says of the crates in the lock files, for where its database can't be fetched.

    advisories.py database DIR    writes advisories.tsv, as a database that cargo-deny reads, into DIR
    advisories.py refresh CLONE   writes advisories.tsv anew from a clone of RustSec's advisory-db

Refresh it when a dependency is added or updated, and before a release. With a network, `cargo deny check` fetches the
database itself, and needs none of this."""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

CI = Path(__file__).resolve().parent
TABLE = CI / "advisories.tsv"
LOCKS = [CI.parent / "Cargo.lock", CI.parent / "fuzz/Cargo.lock"]
DATE = "# RustSec's database of "
NAMES = "# Looked up:"
COLUMNS = ["id", "crate", "date", "kind", "patched", "unaffected"]
# What cargo-deny 0.20 names the folder of RustSec's database: it ends in a hash of its address.
FOLDER = "advisory-db-3157b0e258782691"


def locked():
    """The names of all crates in the lock files."""
    locks = [tomllib.loads(path.read_text()) for path in LOCKS]
    return sorted({package["name"] for lock in locks for package in lock["package"]})


def rows():
    """The date of the table, the crates that were looked up, and its rows."""
    lines = TABLE.read_text().splitlines()
    (date,) = [line.split()[-1] for line in lines if line.startswith(DATE)]
    (names,) = [line.removeprefix(NAMES).split() for line in lines if line.startswith(NAMES)]
    lines = [line.split("\t") for line in lines if not line.startswith("#")]
    assert lines[0] == COLUMNS, lines[0]
    return date, names, [dict(zip(COLUMNS, line, strict=True)) for line in lines[1:]]


def database(directory):
    folder = directory / FOLDER
    date, names, advisories = rows()
    shutil.rmtree(folder, ignore_errors=True)
    for row in advisories:
        text = ["```toml", "[advisory]"]
        text += [f"{key} = {json.dumps(row[column])}" for key, column in
                 [("id", "id"), ("package", "crate"), ("date", "date")]]
        if row["kind"] != "vulnerability":
            text.append(f"informational = {json.dumps(row['kind'])}")
        text.append("[versions]")
        for key in ["patched", "unaffected"]:
            text.append(f"{key} = {json.dumps([part for part in row[key].split('; ') if part])}")
        text += ["```", "", f"# {row['kind']}, as of {date}", "", "See RustSec's database.", ""]
        path = folder / "crates" / row["crate"] / f"{row['id']}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(text))
    # cargo-deny takes the time of this file for that of the download, and refuses an old one. How old the table is
    # stands in its head.
    fetched = folder / ".git/FETCH_HEAD"
    fetched.parent.mkdir(exist_ok=True)
    fetched.touch()
    print(f"{len(advisories)} advisories of RustSec for the crates in the lock files, as of {date}")
    unknown = [name for name in locked() if name not in names]
    if unknown:
        print(f"WARNING: not looked up yet, so that nothing is known of them: {' '.join(unknown)}")


def refresh(clone):
    def git(*arguments):
        command = ["git", "-C", clone, *arguments]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    date = git("show", "--no-patch", "--format=%cs", "HEAD").strip()
    lines = [
        f"{DATE}{date}",
        "# What it has for the crates in Cargo.lock and fuzz/Cargo.lock: identifiers and versions. Written by",
        "# `.ci/advisories.py refresh CLONE`.",
        " ".join([NAMES, *locked()]),
        "\t".join(COLUMNS),
    ]
    for name in locked():
        for path in git("ls-tree", "-r", "--name-only", "HEAD", f"crates/{name}/").split():
            front = git("show", f"HEAD:{path}").split("```toml\n")[1].split("```")[0]
            entry = tomllib.loads(front)
            advisory, versions = entry["advisory"], entry["versions"]
            if "withdrawn" in advisory:
                continue
            lists = ["; ".join(versions.get(key, [])) for key in ["patched", "unaffected"]]
            kind = advisory.get("informational", "vulnerability")
            lines.append("\t".join([advisory["id"], name, str(advisory["date"]), kind, *lists]))
    TABLE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["database", directory]:
            database(Path(directory))
        case ["refresh", clone]:
            refresh(clone)
        case _:
            sys.exit(__doc__)
