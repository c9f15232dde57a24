"""Everything that checks or builds ecgmask. ``nox --list`` shows the sessions."""

from __future__ import annotations

import os
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import nox
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "typecheck", "tests", "frameworks", "build", "docs", "site"]

PROJECT = nox.project.load_toml("pyproject.toml")
# What the extras bring, "all" excepted, which names the others.
EXTRAS = [
    requirement
    for name, requirements in PROJECT["project"]["optional-dependencies"].items()
    if name != "all"
    for requirement in requirements
]
CONSTRAINTS = Path(".ci/constraints.txt")
SITE = Path("docs/_build/html")
DIST = Path("dist")
CHECKER = "vnu-jar@26.9.27"
# Not of its concern: the policy of a site, which files do not have (tests/site reads pages under
# it), sections that begin with a heading, as Sphinx's do, a role that the search looks for.
NOT_OF_PAGES = (
    ".* violates Content Security Policy .*"
    "|Article lacks heading.*|Consider using the .h1.*|The .main. role is unnecessary.*"
)
GENERATED = ("docs/_build", "docs/api", "docs/gallery", "docs/sg_execution_times.rst")
MADE_WITH = Path("docs/_build/made_with")

ENV = {
    "MPLBACKEND": "agg",
    # torch's thread pool can hang a process that forks afterwards.
    "OMP_NUM_THREADS": "1",
    # Keeps the checkout off the path of every Python started here: what runs is the wheel.
    "PYTHONSAFEPATH": "1",
    # Python compiles what it imports, a small part of torch, and once only.
    "PYTHONDONTWRITEBYTECODE": None,
}
# That of the environment that sessions share.
PYTHON = Path(".nox", "environment", "Scripts" if os.name == "nt" else "bin", "python").absolute()


def install(session: nox.Session, *groups: str, constraints: Path = CONSTRAINTS) -> None:
    """Install what the package and ``groups`` need, then the package as a wheel."""
    session.install(
        *PROJECT["build-system"]["requires"],
        *PROJECT["project"]["dependencies"],
        *EXTRAS,
        *nox.project.dependency_groups(PROJECT, *groups),
        f"--constraint={constraints}",
        "--no-compile",
    )
    # The backend is installed by now: without isolation it is the pinned one.
    session.install("--no-build-isolation", "--no-deps", "--force-reinstall", ".")


def run(session: nox.Session, *command: str | Path, **options: Any) -> Any:
    """Run a module of the shared environment with Python."""
    return session.run(PYTHON, "-m", *command, env=ENV, external=True, **options)


shares_environment = nox.session(venv_backend="none", requires=["environment"])


@nox.session
def environment(session: nox.Session) -> None:
    """Install what the sessions share; those that need it come after it by themselves."""
    install(session, "frameworks", "lint", "site")


@nox.session
def lint(session: nox.Session) -> None:
    """Check format, style, docstrings and import directions."""
    session.install("ruff", f"--constraint={CONSTRAINTS}")
    session.run("ruff", "format", "--check")
    session.run("ruff", "check")


@shares_environment
def typecheck(session: nox.Session) -> None:
    """Check the types of the package, and of a script that uses it, strictly."""
    run(session, "mypy", *session.posargs)
    run(session, "basedpyright", f"--pythonpath={PYTHON}")


@shares_environment
def tests(session: nox.Session) -> None:
    """Run the tests, docstrings included; what follows ``--`` goes to pytest."""
    # A process that is done takes tests from another, which may have the slow ones.
    run(
        session,
        *("pytest", "--numprocesses=auto", "--maxprocesses=4", "--dist=worksteal"),
        *session.posargs,
    )


@shares_environment
def frameworks(session: nox.Session) -> None:
    """Train with each framework on one process and on two, stop and resume."""
    run(
        session,
        *("pytest", "tests/frameworks", "--numprocesses=2", "--dist=loadgroup"),
        *session.posargs,
    )


# In an environment of its own: other tools print in another way where they find those of twine.
@nox.session(requires=["environment"])
def build(session: nox.Session) -> None:
    """Build the wheel and the source distribution; check what they hold and that they install."""
    session.install(
        *PROJECT["build-system"]["requires"],
        *nox.project.dependency_groups(PROJECT, "release"),
        f"--constraint={CONSTRAINTS}",
    )
    shutil.rmtree(DIST, ignore_errors=True)
    session.run("python", "-m", "build", "--no-isolation", "--outdir", DIST)
    session.run("twine", "check", "--strict", *DIST.glob("*"))
    run(session, "pytest", "tests/release", *session.posargs)


@nox.session
def minimums(session: nox.Session) -> None:
    """Run the tests on the lowest versions that pyproject.toml allows."""
    bounds = [Requirement(bound) for bound in PROJECT["project"]["dependencies"] + EXTRAS]
    pins = {
        canonicalize_name(line.split("==")[0]): line
        for line in CONSTRAINTS.read_text().splitlines()
        if line and not line.startswith("#")
    }
    # The lowest NumPy and torch need older ones.
    del pins["pandas"], pins["sympy"]
    constraints = Path(session.create_tmp()) / "constraints.txt"
    lowest = {canonicalize_name(each.name): str(each).replace(">=", "==") for each in bounds}
    constraints.write_text("\n".join((pins | lowest).values()))
    install(session, "test", constraints=constraints)
    # Old releases use what their newer neighbours deprecate, in tests that run pytest as well, and
    # NumPy 1 prints scalars in another way than the docstrings.
    session.run(
        *("pytest", "--ignore=tests/test_docstrings.py"),
        *session.posargs,
        env=ENV | {"PYTEST_ADDOPTS": "-W default::DeprecationWarning"},
    )


@nox.session
def bench(session: nox.Session) -> None:
    """Measure speed and memory as ratios within one run, for the table of the site."""
    install(session, "bench")
    session.run(
        *("pytest", "tests/benchmarks", "--benchmark-columns=min,median,rounds", *session.posargs),
        env=ENV | {"ECGMASK_BENCHMARKS": "docs/benchmarks.csv"},
    )


@shares_environment
def study(session: nox.Session) -> None:
    """Train under each mask and see what was learnt: an hour or more; ``--part 3/8`` is a part."""
    # Its modules lie beside it, and nothing of the checkout does.
    env = ENV | {"PYTHONSAFEPATH": None}
    session.run(PYTHON, "docs/study/study.py", *session.posargs, env=env, external=True)


def made_with(session: nox.Session) -> str:
    """Return a digest of what a page of the site is made with, besides its own file."""
    python = session.run(PYTHON, "-VV", silent=True, external=True)
    digest = sha256(repr((python, session.posargs)).encode())
    tools = ("ecgmask", "docs/_ext", "docs/_inventories", "docs/_templates", "docs/study")
    files = [path for folder in tools for path in Path(folder).rglob("*.*")]
    alone = ("docs/conf.py", "noxfile.py", "pyproject.toml", CONSTRAINTS)
    for path in sorted([*files, *map(Path, alone)]):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(str(path).encode() + path.read_bytes())
    # Of pages and examples the names: what one that is gone has left behind would stay.
    names = sorted(map(str, (*Path("docs").glob("*.rst"), *Path("examples").glob("*/*.py"))))
    digest.update(repr(names).encode())
    return digest.hexdigest()


@shares_environment
def docs(session: nox.Session) -> None:
    """Build the site into docs/_build/html; run every example that is not as it was last time."""
    # Sphinx and sphinx-gallery look at docs and examples only: pages and figures of yesterday's
    # package would stay, and a page that gave a warning would give none the second time.
    now = made_with(session)
    if not MADE_WITH.is_file() or MADE_WITH.read_text() != now:
        for path in GENERATED:
            shutil.rmtree(path, ignore_errors=True)
    MADE_WITH.unlink(missing_ok=True)
    shutil.rmtree(SITE, ignore_errors=True)
    run(
        session,
        *("sphinx", "--nitpicky", "--fail-on-warning", "--keep-going", "--show-traceback"),
        *("--builder", "html", "--doctree-dir", "docs/_build/doctrees", "--jobs", "auto"),
        *session.posargs,
        *("docs", SITE),
    )
    MADE_WITH.parent.mkdir(exist_ok=True)  # there is none if nox only installs
    MADE_WITH.write_text(now)
    session.log(f"Open {(SITE / 'index.html').resolve().as_uri()} or run: nox -s serve")


@shares_environment
def site(session: nox.Session) -> None:
    """Read the site that ``docs`` has built in a real browser; needs Chromium."""
    run(session, "pytest", "tests/site", "--numprocesses=2", "--dist=loadgroup", *session.posargs)


@nox.session(venv_backend="none")
def validate(session: nox.Session) -> None:
    """Check the pages that ``docs`` has built with the Nu HTML checker; needs Java and npm."""
    folder = Path(session.create_tmp())
    session.run(
        *("npm", "install", "--prefix", folder, "--ignore-scripts", CHECKER),
        external=True,
    )
    jar = folder / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
    pages = [path for path in SITE.rglob("*.html") if "_static" not in path.parts]
    session.run(
        *("java", "-jar", jar, "--Werror", "--filterpattern", NOT_OF_PAGES, *pages),
        external=True,
    )


@shares_environment
def linkcheck(session: nox.Session) -> None:
    """Follow the site's links to other sites; needs the network."""
    MADE_WITH.unlink(missing_ok=True)  # it writes the gallery without running it
    run(
        session,
        *("sphinx", "--builder", "linkcheck", "-D", "plot_gallery=0", *session.posargs),
        *("docs", "docs/_build/linkcheck"),
    )


@nox.session
def inventories(session: nox.Session) -> None:
    """Refresh the committed inventories that links to other sites use; needs the network."""
    session.install("sphobjinv")
    session.run("python", "docs/_ext/inventories.py")


@nox.session
def serve(session: nox.Session) -> None:
    """Serve the site on this machine and rebuild it on every change."""
    install(session, "docs")
    session.install("sphinx-autobuild", f"--constraint={CONSTRAINTS}")
    MADE_WITH.unlink(missing_ok=True)  # the package may change while it runs
    session.run(
        "sphinx-autobuild",
        *("--watch", "ecgmask", "--watch", "examples"),
        *(f"--ignore={path}" for path in GENERATED),
        *("--pre-build", "python -m pip install -q --no-build-isolation --no-deps ."),
        *("-D", "sphinx_gallery_conf.run_stale_examples=True", *session.posargs),
        *("docs", "docs/_build/serve"),
        env=ENV,
    )
