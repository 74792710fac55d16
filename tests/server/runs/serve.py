"""The studio as a process of its own, to be killed: `python serve.py <home>` prints its port."""

import sys
from pathlib import Path

import uvicorn

from lamina_studio.main import create_app
from lamina_studio.runs import dispatcher
from lamina_studio.serving import bind
from lamina_studio.settings import Settings


def main():
    home = Path(sys.argv[1])
    if len(sys.argv) > 2:
        dispatcher.TRAINER = (sys.executable, sys.argv[2])
    listening = bind("127.0.0.1", 0)
    port = listening.getsockname()[1]
    app = create_app(Settings(home=home, port=port))
    print(port, flush=True)
    config = uvicorn.Config(app, log_level="warning", ws="websockets-sansio")
    uvicorn.Server(config).run([listening])


if __name__ == "__main__":
    main()
