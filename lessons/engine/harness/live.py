"""The website as it goes live: `daphne`, DEBUG off, everything told by the environment. With or without nginx in front.

`Live` is one Daphne. `Website` runs the files of lessons/10-going-live/deploy for real: nginx with a certificate of its
own, and two Daphnes that are started and stopped as systemd would do it. Only ports, paths and the certificate are
replaced.
"""

import contextlib
import http.client
import os
import re
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .. import process
from ..paths import ROOT
from . import step_log
from .machine import is_bare
from .redis import Redis
from .server import Server, end, free_port, listens
from .tab import NoFrame
from .ws_client import ANSWER, connect, status_of

DEPLOY = ROOT / "lessons" / "10-going-live" / "deploy"
NAME = "chat.example.org"
PROGRAMS = ("nginx", "redis-server", "openssl", "curl")
FOLDERS = "/usr/sbin:/sbin:/usr/local/sbin:/opt/homebrew/bin"  # where systems hide nginx from whoever is not root
ENTRANCE = "mywebsite.asgi:application"
PATIENCE = 60.0  # seconds for a process that has to come to life


class MissingProgram(Exception):
    """A program is not installed. The text says how to get it."""


class Live(Server):
    """One Daphne. It believes what a proxy would say: that the browser came by https."""

    def __init__(self, **told: str) -> None:
        super().__init__()
        self.told = told

    def command(self) -> list[str]:
        return [sys.executable, "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(self.port), ENTRANCE]

    @property
    def origin(self) -> str:
        return f"https://{NAME}"

    def environ(self) -> dict[str, str]:
        return {
            **super().environ(),
            "DJANGO_DEBUG": "0",
            "DJANGO_SECRET_KEY": key(),
            "DJANGO_ALLOWED_HOSTS": f"{NAME} 127.0.0.1",
            "DJANGO_ORIGINS": self.origin,
            "DJANGO_BEHIND_PROXY": "1",
            **self.told,
        }

    def ask(self, path: str, scheme: str = "https", **headers: str) -> tuple[int, str, str]:
        """Return status, headers and body of a page, as a browser would get it that has come by this scheme."""
        step_log.note(f"asked for {scheme}://{NAME}{path}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={"Host": NAME, "X-Forwarded-Proto": scheme, **headers})
            response = connection.getresponse()
            return response.status, str(response.headers).lower(), response.read().decode(errors="replace")

    def shake_hands(self, origin: str | None) -> int:
        """Return the HTTP status with which a page of this origin is answered that asks for a socket: 101 is yes."""
        step_log.note(f"a page of {origin} asked for the socket")
        headers, url = {"X-Forwarded-Proto": "https"}, f"ws://127.0.0.1:{self.port}/ws/lobby/"
        return status_of(lambda: connect(url, origin=origin, additional_headers=headers))


def key() -> str:
    """Return the key of these checks: with another one the cookies of their users would be worth nothing."""
    from django.conf import settings

    return settings.SECRET_KEY


def program(name: str) -> str:
    """Return where a program lies. Raises MissingProgram."""
    found = shutil.which(name) or (None if is_bare() else shutil.which(name, path=FOLDERS))
    if not found:
        raise MissingProgram(
            f"There is no {name} here. To get it: sudo apt install {' '.join(PROGRAMS)} (Debian, Ubuntu)."
            " Lesson 10, step 9."
        )
    return found


def look_for_programs() -> None:
    """Raise MissingProgram if one of them is missing."""
    for name in PROGRAMS:
        program(name)


class Worker(Server):
    """What systemd does with chat@.service: start it, wait until it is well; ask it to stop, wait, make it stop."""

    anew = True

    def __init__(self, website: "Website", number: int) -> None:
        super().__init__(beside=website.files)
        self.website, self.number, self.port = website, number, website.ports[f"800{number}"]
        text = (DEPLOY / "chat@.service").read_text(encoding="utf-8").replace("\\\n", " ")
        self.unit = dict(re.findall(r"^(\w+)=(.*)$", text.replace("%i", str(number)), re.MULTILINE))

    def words(self, key: str) -> list[str]:
        words = shlex.split(self.website.here(self.unit[key]))
        if "/.venv/bin/" in words[0]:
            return [sys.executable, "-m", Path(words[0]).name, *words[1:]]
        return [program(Path(words[0]).name), *words[1:]]

    def command(self) -> list[str]:
        return self.words("ExecStart")

    def environ(self) -> dict[str, str]:
        return self.website.environ()

    def wait_until_it_answers(self) -> None:
        if "ExecStartPost" not in self.unit:  # then systemd does not wait either
            return
        well = process.run(self.words("ExecStartPost"), timeout=PATIENCE, env={"no_proxy": "*"})
        if well.returncode:
            raise self.fault(f"The process {self.number} does not become well: curl ended with {well.returncode}.")

    def stop(self) -> int | None:
        """Stop it as the unit says; return its exit code, None if it had to be killed."""
        step_log.note(f"systemctl stop chat@{self.number}")
        self.process.send_signal(getattr(signal, self.unit["KillSignal"]))
        try:
            return self.process.wait(timeout=int(self.unit["TimeoutStopSec"]))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        finally:
            self.processes.discard(self.process)


class Website:
    """Two workers, Redis, and nginx. `ports` has the free ports that stand for those in the files."""

    def __init__(self) -> None:
        self.files = Server()  # never started: its folder, its copy of the website, its database
        self.place = self.files.place
        self.redis = Redis()
        self.ports = {name: free_port() for name in ("80", "443", "8001", "8002")} | {"6379": self.redis.port}
        self.workers = [Worker(self, number) for number in (1, 2)]
        self.address = f"{NAME}:{self.ports['443']}"
        self.origin = f"https://{self.address}"
        self.nginx: subprocess.Popen | None = None

    def here(self, text: str) -> str:
        """Return a text of the files, with the ports and the paths of these checks."""
        for port in ("8001", "8002", "6379"):
            text = re.sub(rf"\b{port}\b", str(self.ports[port]), text)
        text = text.replace("listen 80;", f"listen 127.0.0.1:{self.ports['80']};")
        text = text.replace("listen 443 ", f"listen 127.0.0.1:{self.ports['443']} ")
        text = re.sub(r"/etc/letsencrypt/live/[\w.]+", self.place.as_posix(), text)
        return text.replace("/var/www/chat", self.place.as_posix()).replace("/var/lib/chat", self.place.as_posix())

    def environ(self) -> dict[str, str]:
        """Return what chat.env says, with what everybody has to fill in."""
        lines = (DEPLOY / "chat.env").read_text(encoding="utf-8").splitlines()
        told = [line.partition("=") for line in lines if re.match(r"\w+=", line)]
        values = {key: self.here(value.strip('"')) for key, _, value in told}
        return {**self.files.environ(), **values, "DJANGO_SECRET_KEY": key(), "DJANGO_ORIGINS": self.origin}

    def __enter__(self) -> "Website":
        try:
            self.files.copy_website()
            self.certify()
            self.write_nginx_files()
            with ThreadPoolExecutor() as pool:
                collected = pool.submit(self.manage, "collectstatic", "--no-input", "--verbosity", "0")
                self.redis.start()
                starts = [pool.submit(worker.start) for worker in self.workers]
                for one in (collected, *starts):
                    one.result()
            self.start_nginx()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        if self.nginx:
            end(self.nginx)
            Server.processes.discard(self.nginx)
        for worker in self.workers:
            if hasattr(worker, "process"):
                end(worker.process)
                Server.processes.discard(worker.process)
        if hasattr(self.redis, "process"):
            self.redis.__exit__()
        self.files.folder.cleanup()

    def manage(self, *words: str) -> str:
        command = [sys.executable, "manage.py", *words]
        done = process.run(
            command, cwd=self.place, env=self.environ(), capture_output=True, encoding="utf-8", errors="replace"
        )
        said = done.stderr.strip().rpartition("\n")[2]
        assert not done.returncode, f"python manage.py {' '.join(words)} says: {said}"
        return done.stdout

    def certify(self) -> None:
        """Make a certificate for the name; nobody but these checks trusts it."""
        key, certificate = self.place / "privkey.pem", self.place / "fullchain.pem"
        what = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        whose = ["-keyout", key, "-out", certificate, "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
        process.run([program("openssl"), *what, *whose], check=True, capture_output=True)

    def write_nginx_files(self) -> None:
        place = self.place.as_posix()
        nginx = self.here((DEPLOY / "nginx.conf").read_text(encoding="utf-8"))
        (self.place / "chat.conf").write_text(nginx, encoding="utf-8")
        temporary = "".join(
            f"{kind}_temp_path {place}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        root = "user root; " if os.geteuid() == 0 else ""  # else its workers may not enter a folder of root's
        types = "types { text/javascript js; text/css css; }"
        (self.place / "main.conf").write_text(
            f"{root}daemon off; worker_processes 1; pid {place}/nginx.pid; events {{ worker_connections 1024; }}\n"
            f"http {{ {types} access_log {place}/access.log;\n{temporary} include {place}/chat.conf; }}\n",
            encoding="utf-8",
        )

    def start_nginx(self) -> None:
        """Start it on its free ports. Raises MissingProgram, or NoFrame if it does not start."""
        log = self.place / "error.log"
        command = [program("nginx"), "-p", self.place, "-c", self.place / "main.conf", "-e", log]
        with log.open("ab") as file:
            self.nginx = process.start(command, stdout=file, stderr=file)
        Server.processes.add(self.nginx)
        if not listens(self.nginx, self.ports["443"]):
            raise NoFrame(f"nginx did not start. It says: {log.read_text(encoding='utf-8')[-500:]}")

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.place / "fullchain.pem")

    def socket(self, path: str = "/ws/lobby/", origin: str | None = "", cookies: str = ""):
        """Return a connection to enter: `wss://`, through nginx. Raises InvalidStatus where it is refused."""
        wire = socket.create_connection(("127.0.0.1", self.ports["443"]), timeout=ANSWER)
        through = {"sock": wire, "ssl": self.trust(), "server_hostname": NAME, "close_timeout": 1}
        try:
            return connect(f"wss://{self.address}{path}", cookies=cookies, origin=origin, **through)
        except BaseException:
            wire.close()
            raise

    def shake_hands(self, origin: str | None = "") -> int:
        """Return the HTTP status with which nginx answers a page of this origin that asks for a socket: 101 is yes."""
        return status_of(lambda: self.socket(origin=origin))

    def ask(self, path: str, scheme: str = "https", host: str = NAME, method: str = "GET") -> tuple[int, str, str]:
        """Return status, headers and body of a page, through nginx."""
        step_log.note(f"asked nginx for {scheme}://{host}{path}")
        port = self.ports["443" if scheme == "https" else "80"]
        wire = socket.create_connection(("127.0.0.1", port), timeout=ANSWER)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.sock = self.trust().wrap_socket(wire, server_hostname=NAME) if scheme == "https" else wire
        with contextlib.closing(connection):
            connection.request(method, path, headers={"Host": f"{host}:{port}" if host == NAME else host})
            response = connection.getresponse()
            return response.status, str(response.headers).lower(), response.read().decode(errors="replace")
