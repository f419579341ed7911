#!/usr/bin/env python3
"""What `rust-version` promises, as far as it can be seen without that toolchain: no dependency of the lock file states
a newer one, and the README names the same. (Clippy's `incompatible_msrv` sees what the code takes of the standard
library. Nothing sees what it takes of the language: `rustup run 1.89 cargo check` does, where it can be installed.)

It sees, too, that all manifests and the README name the same exact version of the fork that verifies."""

import json
import re
import subprocess
import sys
from pathlib import Path

PINNED = ["halo2-axiom", "halo2curves-axiom"]


def version(text):
    return tuple(int(part) for part in (text.split(".") + ["0", "0"])[:3])


def requirements(path, package):
    """The version requirements of a package in a text with lines of a manifest."""
    pattern = rf'package = "{package}", version = "([^"]*)"'
    return re.findall(pattern, Path(path).read_text())


def main():
    metadata = subprocess.run(
        ["cargo", "metadata", "--locked", "--format-version", "1"],
        check=True,
        stdout=subprocess.PIPE,
    )
    packages = json.loads(metadata.stdout)["packages"]
    own = [package for package in packages if package["source"] is None]
    (ours,) = {package["rust_version"] for package in own}
    stated = [package for package in packages if package["rust_version"] is not None]
    problems = [
        f"{package['name']} {package['version']} takes Rust {package['rust_version']}, but Cargo.toml promises {ours}"
        for package in stated
        if version(package["rust_version"]) > version(ours)
    ]
    if f"With Rust ({ours} or later)" not in Path("README.md").read_text():
        problems.append(f"README.md does not say that Rust {ours} or later is needed")
    for name in PINNED:
        (locked,) = [package["version"] for package in packages if package["name"] == name]
        for path in ["Cargo.toml", "crates/prover/Cargo.toml", "fuzz/Cargo.toml", "README.md"]:
            found = requirements(path, name)
            if found != [f"={locked}"]:
                problems.append(f'{path} has {found} for {name}; it must have "={locked}" once')
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"Rust {ours}: {len(stated)} of {len(packages)} packages state a version, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
