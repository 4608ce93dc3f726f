"""Builds the hot rooms with mypyc where a C compiler is present; elsewhere, or with TOLLWIRE_COMPILE=0, the same source runs plain.

What is compiled stands in pyproject.toml, [tool.tollwire.compile]. Two variables steer it: TOLLWIRE_COMPILE (0: never; 1: fail if it
cannot be; unset: try, and say in one line why not) and TOLLWIRE_OPTIMIZE (gcc's -O level, 0 to 3; 3 when unset).
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from setuptools import Extension, setup
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext

HERE = Path(__file__).resolve().parent
GENERATED = "build/mypyc"
# The commands that make something to install. An editable install stays plain: no library may lie beside the source.
BUILDING = {"build", "build_ext", "bdist_wheel", "install"}


def compiled_sources() -> list[str]:
    """The files that mypyc compiles, relative to the project, sorted."""
    settings = tomllib.loads((HERE / "pyproject.toml").read_text())["tool"]["tollwire"]["compile"]
    found = {path for pattern in settings["modules"] for path in HERE.glob(pattern) if path.name != "__init__.py"}
    return sorted(str(path.relative_to(HERE)) for path in found - {HERE / name for name in settings["plain"]})


def why_plain() -> str:
    """Why this build stays pure Python; empty when it can be compiled."""
    if os.environ.get("TOLLWIRE_COMPILE") == "0":
        return "TOLLWIRE_COMPILE=0"
    try:
        import mypyc.build  # noqa: F401
    except ImportError:
        return "mypyc is not installed"
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        return "no Python.h (Debian: python3-dev)"
    from setuptools._distutils.ccompiler import new_compiler
    from setuptools._distutils.errors import CompileError, DistutilsError
    from setuptools._distutils.sysconfig import customize_compiler

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.c")
        source.write_text("#include <Python.h>\nint probe(void) { return 0; }\n")
        compiler = new_compiler()
        customize_compiler(compiler)
        try:
            compiler.compile([str(source)], output_dir=folder, include_dirs=[sysconfig.get_path("include")])
        except (CompileError, DistutilsError, OSError):
            return "no working C compiler (Debian: gcc, libc6-dev)"
    return ""


class BuildAnew(build):
    """Makes the tree of built files from nothing each time: what was removed or is compiled no more cannot linger in it."""

    def run(self) -> None:
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


class BuildChanged(build_ext):
    """Compiles the C files of an extension side by side, and only those that changed since their object was made."""

    def build_extensions(self) -> None:
        compiler: Any = self.compiler
        compile_one = compiler._compile
        cores = os.cpu_count() or 1

        def compile_changed(objects: list[str], build: dict[str, tuple[str, str]], arguments: tuple[Any, ...]) -> None:
            headers = max((path.stat().st_mtime for path in Path(GENERATED).rglob("*.h")), default=0.0)
            stamp = Path(self.build_temp, "arguments")
            same = stamp.is_file() and stamp.read_text() == repr(arguments)
            todo = [name for name in objects if name in build and not (same and fresh(name, build[name][0], headers))]
            with ThreadPoolExecutor(cores) as pool:
                list(pool.map(lambda name: compile_one(name, *build[name], *arguments), todo))
            stamp.write_text(repr(arguments))

        def compile_all(
            sources: list[str],
            output_dir: str | None = None,
            macros: Any = None,
            include_dirs: Any = None,
            debug: Any = 0,
            extra_preargs: Any = None,
            extra_postargs: Any = None,
            depends: Any = None,
        ) -> list[str]:
            given = (output_dir, macros, include_dirs, sources, depends, extra_postargs)
            macros, objects, post, flags, build = compiler._setup_compile(*given)
            compile_changed(objects, build, (compiler._get_cc_args(flags, debug, extra_preargs), post, flags))
            return list(objects)

        compiler.compile = compile_all
        super().build_extensions()


def fresh(name: str, source: str, headers: float) -> bool:
    """Whether an object file is newer than its C file and than every generated header."""
    made = Path(name)
    return made.is_file() and made.stat().st_mtime > max(Path(source).stat().st_mtime, headers)


def extensions() -> list[Extension]:
    """What is to be compiled; empty, with one printed line, when nothing can be."""
    sources, reason = compiled_sources(), why_plain()
    if not reason and sources:
        try:
            return generate(sources)
        except SystemExit:  # mypyc has printed what it does not accept
            reason = "mypyc refused the source"
    print(f"tollwire: built as pure Python: {reason or 'nothing to compile'}", file=sys.stderr)
    if reason and os.environ.get("TOLLWIRE_COMPILE") == "1":
        sys.exit(1)
    return []


def generate(sources: list[str]) -> list[Extension]:
    """The C files of all sources, as one library that the compiled modules share."""
    from mypyc.build import mypycify

    made: list[Extension] = mypycify(
        sources,
        opt_level=os.environ.get("TOLLWIRE_OPTIMIZE", "3"),
        debug_level="0",
        multi_file=True,
        target_dir=GENERATED,
        group_name="tollwire",
    )
    for extension in made:
        extension.extra_compile_args.append("-Wno-error")  # another compiler's new warning is no reason to fail an install
    return made


if __name__ == "__main__":
    os.chdir(HERE)
    setup(ext_modules=extensions() if BUILDING & set(sys.argv) else [], cmdclass={"build": BuildAnew, "build_ext": BuildChanged})
