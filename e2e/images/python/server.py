"""A server in Python, for trials behind a preStop sleep: server.py [drain|ignore],
or SERVER=ignore.

drain: at SIGTERM every answer asks its client to leave; 3 s later it stops
listening, finishes what is in flight, and exits. ignore: SIGTERM does nothing.
It serves on :8080, or on :PORT, and counts as the server in Go does.
"""
import http.server
import json
import os
import signal
import sys
import threading
import time

MODE = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("SERVER", "drain")
if MODE not in ("drain", "ignore"):
    sys.exit("usage: server.py [drain|ignore]")

changed = threading.Condition()
leaving = threading.Event()
counts = {
    "pod": os.uname().nodename,
    "server": "python-" + MODE,
    "requests": 0,
    "answered": 0,
    "connections": 0,
    "after_sigterm": 0,
    "connections_after_sigterm": 0,
}


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one write
    known = False  # it has carried a request that counts

    def do_GET(self):
        if self.path == "/counts":
            with changed:
                self.answer(json.dumps(counts), "application/json")
        elif self.path != "/":
            self.answer("ok")
        else:
            self.count()
            self.answer("Hello! I am here! - " + counts["pod"])
            self.wfile.flush()
            with changed:
                counts["answered"] += 1
                changed.notify_all()

    def count(self):
        with changed:
            counts["requests"] += 1
            counts["connections"] += not self.known
            if leaving.is_set():
                counts["after_sigterm"] += 1
                counts["connections_after_sigterm"] += not self.known
        self.known = True

    def answer(self, text, kind="text/plain"):
        body = (text + "\n").encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Pod-Name", counts["pod"])
        if leaving.is_set():
            self.send_header("Connection", "close")  # which also ends this connection
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024  # the default of 5 loses connections by itself


def main():
    server = Server(("", int(os.environ.get("PORT", "8080"))), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    if MODE == "ignore":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: leaving.set())
    leaving.wait()
    time.sleep(3)
    server.shutdown()
    server.server_close()
    with changed:
        changed.wait_for(lambda: counts["answered"] == counts["requests"])
        print(json.dumps(counts), flush=True)
        os._exit(0)  # with the lock held: nothing is counted after the line


main()
