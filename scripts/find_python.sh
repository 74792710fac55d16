#!/bin/sh
# Print the Python to build the environment with: the first of these that is 3.11 or newer and has venv.
# PYTHON=… in the environment, or `make PYTHON=…`, is tried alone.
if [ -n "$PYTHON" ]; then
  set -- "$PYTHON"
else
  set -- python3 python3.14 python3.13 python3.12 python3.11
fi
seen=""
for name in "$@"; do
  path=$(command -v "$name" 2>/dev/null) || continue
  version=$("$path" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
  if ! "$path" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    seen="$seen $name is $version;"
  elif ! "$path" -c 'import venv, ensurepip' 2>/dev/null; then
    seen="$seen $name ($version) has no venv;"
  else
    echo "$path"
    exit 0
  fi
done
echo "Lamina needs Python 3.11 or newer with venv, but${seen:- none was found;} install it" \
  "(on Debian or Ubuntu: apt-get install python3 python3-venv) or name one: make PYTHON=/path/to/python3.x." >&2
exit 1
