"""The studio for working on it: the server restarts and the page refreshes when a file changes.

The page is served by Vite, which hands `/api` and `/auth` on to the server. Options: `--port` of
the server and `--page-port` of the page.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from lamina_studio.auth.codes import OneTimeCodes
from lamina_studio.settings import Settings

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run both until one ends or Ctrl-C is pressed."""
    parser = argparse.ArgumentParser(prog="make dev", description=__doc__)
    parser.add_argument("--port", type=int, default=8420)
    parser.add_argument("--page-port", type=int, default=5173)
    options = parser.parse_args()

    server_address = f"http://127.0.0.1:{options.port}"
    page_address = f"http://127.0.0.1:{options.page_port}"
    environment = {**os.environ, "LAMINA_STUDIO_URL": server_address}
    server = [
        *(sys.executable, "-m", "lamina_studio", "studio", "--reload", "--no-browser"),
        *("--port", str(options.port)),
    ]
    page = [
        *(sys.executable, str(ROOT / "scripts" / "web.py"), "npm", "run", "dev", "--"),
        *("--host", "127.0.0.1", "--port", str(options.page_port), "--strictPort"),
    ]
    processes = [subprocess.Popen(command, env=environment) for command in (server, page)]
    print(f"\n  The page: {OneTimeCodes(Settings().home).address(page_address)}\n", flush=True)
    try:
        while all(process.poll() is None for process in processes):
            time.sleep(0.2)
    except KeyboardInterrupt:
        print()
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
