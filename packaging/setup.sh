# Sourced by ./test and ./demo: finds a Python, installs what Debian lacks (as root) or names it (otherwise), keeps .venv as its lock says.
# Both run from the top of the repository.

say() { printf '== %s\n' "$*"; }

# python_with CODE: prints the first Python >= 3.11 in which CODE runs.
python_with() {
  local candidate
  for candidate in python3 /usr/bin/python3 python3.13 python3.12 python3.11; do
    if "$candidate" -c "import sys; assert sys.version_info >= (3, 11), sys.version; import ensurepip, venv; $1" >/dev/null 2>&1; then
      command -v "$candidate"
      return 0
    fi
  done
  return 1
}

# need_packages PACKAGE...: installs Debian packages as root; names them in one line and stops as anybody else.
need_packages() {
  [ $# -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "$0: missing Debian packages; install them as root: apt-get install --no-install-recommends $*" >&2
    exit 1
  fi
  say "apt-get install $*"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -o Acquire::Retries=5 update -qq
  local policy=/usr/sbin/policy-rc.d ours= status=0 # what is installed for tests and demos does not start as a service
  [ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && ours=yes; }
  apt-get install -y -qq -o Acquire::Retries=5 --no-install-recommends "$@" >/dev/null || status=$?
  [ -z "$ours" ] || rm -f "$policy"
  return "$status"
}

# make_venv PYTHON LOCK: a .venv with exactly the pinned versions of LOCK, made or changed only when the lock or the Python changed.
make_venv() {
  local python=$1 lock=$2 stamp
  if ! .venv/bin/python -c 'import sys, pip; assert sys.version_info >= (3, 11)' >/dev/null 2>&1; then
    say "make .venv with $python"
    "$python" -m venv --clear .venv
  fi
  stamp=$( (cat "$lock" pyproject.toml; .venv/bin/python --version) | sha256sum | cut -d' ' -f1)
  if [ "$(cat ".venv/$(basename "$lock").stamp" 2>/dev/null)" != "$stamp" ]; then
    say "install $lock into .venv"
    export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_RETRIES=10
    .venv/bin/pip install --quiet --require-hashes -r "$lock"
    TOLLWIRE_COMPILE=0 .venv/bin/pip install --quiet --no-deps --no-build-isolation --editable .
    echo "$stamp" >".venv/$(basename "$lock").stamp"
  fi
}
