# SPDX-License-Identifier: MIT
"""
chromium: a real browser, without a window, told what to do over a pipe with its
DevTools protocol.

    with Chromium() as browser:
        browser.size(360, 800)
        browser.open("file:///...")
        browser.value("document.title")
        browser.requests, browser.said

requests are the URLs that it has asked for, said what it has written to its
console, of any kind. Where there is no Chromium, the test is skipped.
"""
import base64
import json
import os
import shutil
import subprocess
import sys
import threading

from tap import Failed, skip, started, temp_dir, until

PROGRAMS = "chromium-headless-shell", "chromium", "chromium-browser"

# It reads from 3 and writes to 4, whatever is there in this process.
AS_3_AND_4 = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 10) for fd in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Chromium:
    def __init__(self):
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        if not program:
            skip("no Chromium here (Debian: chromium-headless-shell)")
        self.requests, self.said, self.failed = [], [], []
        self._answers, self._count, self._loaded = {}, 0, 0
        self._lock = threading.Lock()
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()

        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        self.proc = subprocess.Popen(
            [sys.executable, "-c", AS_3_AND_4, str(to_read), str(to_write),
             program, "--headless=new", *sandbox, "--disable-gpu",
             "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-sync",
             "--disable-component-update", "--disable-extensions",
             "--remote-debugging-pipe", "--user-data-dir=" + temp_dir(),
             "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, pass_fds=(to_read, to_write),
            start_new_session=True)
        os.close(to_read)
        os.close(to_write)
        started.append(self)
        threading.Thread(target=self._listen, daemon=True).start()
        self._session = None
        target = until(self._page, "a page of Chromium's", 30)
        self._session = self.ask("Target.attachToTarget", targetId=target,
                                 flatten=True)["sessionId"]
        for domain in "Page", "Runtime", "Log", "Network":
            self.ask(domain + ".enable")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.end()

    def end(self):
        if self.proc.poll() is None:
            self.proc.kill()
        self.proc.wait()

    def _page(self):
        for target in self.ask("Target.getTargets")["targetInfos"]:
            if target["type"] == "page":
                return target["targetId"]
        return None

    def _listen(self):
        data = b""
        while True:
            try:
                more = os.read(self._from, 1 << 16)
            except OSError:
                return
            if not more:
                return
            *messages, data = (data + more).split(b"\0")
            for message in messages:
                self._hear(json.loads(message))

    def _hear(self, message):
        method, params = message.get("method"), message.get("params", {})
        with self._lock:
            if "id" in message:
                self._answers[message["id"]] = message
            elif method == "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            elif method == "Runtime.consoleAPICalled":
                self.said.append(params["type"] + ": " + str(params["args"]))
            elif method == "Runtime.exceptionThrown":
                self.said.append("exception: " + str(params))
            elif method == "Log.entryAdded":
                self.said.append(params["entry"]["text"])
            elif method == "Page.loadEventFired":
                self._loaded += 1

    def ask(self, method, **params):
        with self._lock:
            self._count += 1
            number = self._count
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        answer = until(lambda: self._answers.get(number),
                       "Chromium's answer to " + method, 30)
        if "error" in answer:
            raise Failed("%s: %s" % (method, answer["error"]))
        return answer["result"]

    def size(self, width, height):
        self.ask("Emulation.setDeviceMetricsOverride", width=width,
                 height=height, deviceScaleFactor=1, mobile=width < 600)

    def scheme(self, name):
        self.ask("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": name}])

    def open(self, url):
        before = self._loaded
        self.ask("Page.navigate", url=url)
        until(lambda: self._loaded > before, "Chromium to load " + url, 30)

    def value(self, script):
        result = self.ask("Runtime.evaluate", expression=script,
                          returnByValue=True)
        if "exceptionDetails" in result:
            raise Failed("%s: %s" % (script, result["exceptionDetails"]))
        return result["result"].get("value")

    def picture(self, path, whole=True):
        data = self.ask("Page.captureScreenshot", format="png",
                        captureBeyondViewport=whole)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def printed(self):
        """The page as PDF."""
        return base64.b64decode(self.ask(
            "Page.printToPDF", printBackground=True)["data"])
