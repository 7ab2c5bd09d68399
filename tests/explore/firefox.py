"""Firefox as a test drives it: WebDriver BiDi over a socket, which needs no driver of its own."""

import json
import shutil
import subprocess
import time
from contextlib import contextmanager

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")


@contextmanager
def firefox(folder, port):
    """Start a headless Firefox with a fresh profile in ``folder``, and yield a ``Session``."""
    import websocket

    quiet = ("app.update.enabled", "browser.shell.checkDefaultBrowser")
    (folder / "user.js").write_text("".join(f'user_pref("{name}", false);\n' for name in quiet))
    command = [FIREFOX, "--headless", "--no-remote", "--profile", str(folder), f"--remote-debugging-port={port}"]
    process, connection = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), None
    try:
        connection = _connect(websocket, f"ws://127.0.0.1:{port}/session")
        yield Session(connection)
    finally:
        if connection is not None:
            connection.close()
        process.terminate()
        process.wait(30)


def _connect(websocket, address, patience=60):
    for _ in range(10 * patience):
        try:
            return websocket.create_connection(address, timeout=60, suppress_origin=True)
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"Firefox did not answer at {address}")


class Session:
    """Commands and what they return; what the browser reports meanwhile is kept in ``events``."""

    def __init__(self, socket):
        self.socket, self.events, self._count = socket, [], 0
        self.send("session.new", capabilities={})
        self.send("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        self.tab = self.send("browsingContext.getTree")["contexts"][0]["context"]

    def send(self, method, **params):
        self._count += 1
        self.socket.send(json.dumps({"id": self._count, "method": method, "params": params}))
        while True:
            found = json.loads(self.socket.recv())
            if found.get("id") == self._count:
                assert found["type"] == "success", found
                return found["result"]
            self.events.append(found)

    def open(self, address, width=1280, height=900):
        self.send("browsingContext.setViewport", context=self.tab, viewport={"width": width, "height": height})
        self.events.clear()
        self.send("browsingContext.navigate", context=self.tab, url=address, wait="complete")

    def run(self, script):
        """Return the value of the body of an async function, by way of JSON."""
        expression = f"(async () => {{ {script} }})().then(JSON.stringify)"
        target = {"context": self.tab}
        found = self.send("script.evaluate", expression=expression, target=target, awaitPromise=True)
        assert found["type"] == "success", found["exceptionDetails"]["text"]
        return json.loads(found["result"]["value"]) if found["result"]["type"] == "string" else None
