"""Why pip failed, told from what it printed. Pure, and the same for every version of pip and every system."""

import re
import sys

COLLECTING = r"Collecting ([\w.-]+)(?:==([\w.+!-]+))?"
PROCESSING = r"Processing (?:.*[/\\])?([^/\\\n]+?)-([^-/\\\n]+)(?:-[^/\\\n]*)?\.(?:whl|tar\.gz)(?=\s|$)"
Reason = tuple[str, str, str]
"""The package ("" if pip does not name it), what is wrong, and what to do about it."""

NO_NETWORK = "no network, or the package index does not answer"
FULL = ("No space left on device", "Disk quota exceeded", "not enough space on the disk", "Out of diskspace")
FORBIDDEN = ("Permission denied", "Access is denied", "WinError 5]", "WinError 32]", "Read-only file system")
CERTIFICATE = ("CERTIFICATE_VERIFY_FAILED", "SSLCertVerificationError", "certificate verify failed")
PROXY = ("407 Proxy Authentication", "Cannot connect to proxy", "ProxyError")
OFFLINE = (
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "Name or service not known",
    "nodename nor servname",
    "getaddrinfo failed",
    "NewConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "Read timed out",
    "Connection refused",
    "Connection aborted",
    "Network is unreachable",
    "IncompleteRead",
    "(from versions: none)",  # all that pip says if it has not even tried again
)
NO_COMPILER = ("No such file or directory: '", "Microsoft Visual C++", "error: command '", "compiler", "CMake", "Rust")
PYTHON = f"Python {sys.version_info[0]}.{sys.version_info[1]}"
NAMES = (
    r"No matching distribution found for ([\w.-]+(?:\[.*?\])?(?:==[\w.+!-]+)?)",
    r"Could not find a version that satisfies the requirement ([\w.-]+(?:==[\w.+!-]+)?)",
    r"Failed building wheel for ([\w.-]+)",
    r"Failed to build '?([\w.-]+)",
    r"DO NOT MATCH THE HASHES.*?\n\s+([\w.-]+==[\w.+!-]+)",
    r"Hashes are required.*?\n\s+([\w.-]+==[\w.+!-]+)",
)


def reason(output: str) -> Reason:
    """Return why pip ended with an error. What comes first here may cause what comes later, never the other way."""

    def has(words: tuple[str, ...]) -> bool:
        return any(word in output for word in words)

    package = name_in(output)
    if has(FULL):
        return package, "the disk is full", "Make room on the disk."
    if "DO NOT MATCH THE HASHES" in output:
        return (
            package,
            "the file that came has another hash than the course's list of packages asks for",
            "Something between here and the package index changes files, or the list is wrong: tell your teacher.",
        )
    if has(FORBIDDEN):
        cure = "Stop whatever runs the course in another terminal, and look who may write into .venv."
        return package, "a file may not be written (permission denied)", cure
    if has(CERTIFICATE):
        return package, "the certificate of the package index is not accepted", "Is the clock right? Is there a proxy?"
    if has(PROXY):
        return package, "the proxy does not let pip through", "Set HTTPS_PROXY as your school's network asks for it."
    if has(OFFLINE):
        return package, NO_NETWORK, "Connect to a network."
    if "Failed to build" in output or "Failed building wheel" in output or "metadata-generation-failed" in output:
        why = "there is no compiler on this machine" if has(NO_COMPILER) else "building it failed"
        return package, f"it has to be built here, and {why}", "Tell your teacher, and which system this is."
    if "No matching distribution found" in output or "Could not find a version" in output:
        return (
            package,
            f"the package index has no such version for {PYTHON} on this system",
            "The course's list of packages is wrong: tell your teacher. The correction comes with: make update",
        )
    return package, last_words(output), ""


def name_in(output: str) -> str:
    """Return the package that pip was at: as `name==version` where pip says so."""
    for pattern in NAMES:
        if found := re.search(pattern, output, re.DOTALL):
            bare = re.split(r"[=\[]", found[1])[0]
            full = re.search(rf"Collecting ({re.escape(bare)}==[\w.+!-]+)", output)
            return (full or found)[1]
    found = re.findall(rf"^(?:{COLLECTING}|{PROCESSING})", output, re.MULTILINE)
    return "==".join(filter(None, found[-1])) if found else ""


def collected(line: str) -> tuple[str, ...]:
    """Return name and version of the package that pip turns to in this line; nothing if it does not."""
    found = re.match(f"{COLLECTING}|{PROCESSING}", line)
    return tuple(filter(None, found.groups())) if found else ()


def last_words(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["pip ended without a word"])[-1]
