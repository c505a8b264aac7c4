"""Why pip failed: told from what pip really printed, shortened where it repeats itself."""

import pytest

from lessons.engine.student.environment.install import NotInstalled
from lessons.engine.student.environment.pip_output import collected, reason

RETRYING = (
    "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by"
)
NONE = """\
ERROR: Could not find a version that satisfies the requirement django==5.2.19 (from versions: none)
ERROR: No matching distribution found for django==5.2.19
"""
NO_SUCH_HOST = f"""\
{RETRYING} 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7fde3cc7dc10>: \
Failed to establish a new connection: [Errno -2] Name or service not known')': /simple/django/
{NONE}"""
PROXY = f"""\
{RETRYING} 'ProxyError('Cannot connect to proxy.', NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection \
object at 0x7f2f2d301ad0>: Failed to establish a new connection: [Errno 111] Connection refused'))': /simple/django/
{NONE}"""
CERTIFICATE = f"""\
{RETRYING} 'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: \
certificate is not yet valid (_ssl.c:1006)'))': /simple/django/
Could not fetch URL https://index.example/simple/django/: There was a problem confirming the ssl certificate
{NONE}"""
CUT_OFF = """\
Collecting playwright==1.65.2 (from -r wanted.txt (line 1))
  Downloading playwright-1.65.2-py3-none-manylinux1_x86_64.whl (46.0 MB)
ERROR: Exception:
pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool(host='files.example', port=443): Read timed out.
"""
NO_VERSION = """\
ERROR: Could not find a version that satisfies the requirement django-csp==4.0.99 (from versions: 1.0, 3.8rc0, 4.0)
ERROR: No matching distribution found for django-csp==4.0.99
"""
HASH = """\
Collecting django-csp==4.0 (from -r wf/r.txt (line 1))
  Downloading django_csp-4.0-py3-none-any.whl (25 kB)
ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions, \
please update the hashes. Otherwise, examine the package contents carefully; someone may have tampered with them.
    django-csp==4.0 from https://files.example/django_csp-4.0-py3-none-any.whl (from -r wf/r.txt (line 1)):
        Expected sha256 0000000000000000000000000000000000000000000000000000000000000001
             Got        d5a0a05463a6b75a4f1fc1828c58c89af8db9364d09fc6e12f122b4d7f3d00dc
"""
NO_COMPILER = """\
Collecting ujson==5.10.0
  Building wheel for ujson (pyproject.toml): finished with status 'error'
  error: subprocess-exited-with-error
      building 'ujson' extension
      error: [Errno 2] No such file or directory: 'g++'
      [end of output]

  note: This error originates from a subprocess, and is likely not a problem with pip.
  ERROR: Failed building wheel for ujson
Failed to build ujson
ERROR: Failed to build one or more wheels
"""
NO_COMPILER_ON_WINDOWS = """\
Collecting ujson==5.10.0
      error: Microsoft Visual C++ 14.0 or greater is required. Get it with "Microsoft C++ Build Tools"
      [end of output]
  ERROR: Failed building wheel for ujson
ERROR: Failed to build installable wheels for some pyproject.toml based projects (ujson)
"""
BUILD_WITHOUT_NETWORK = """\
Collecting cryptography==50.0.2
  Preparing metadata (pyproject.toml): finished with status 'error'
  error: subprocess-exited-with-error
      httpx.ConnectError: [Errno -2] Name or service not known
      [end of output]
error: metadata-generation-failed
"""
FULL = """\
Collecting django==5.2.19
  Downloading django-5.2.19-py3-none-any.whl (8.3 MB)
ERROR: Exception:
OSError: [Errno 28] No space left on device: '/tmp/pip-unpack-f87w8_cf/django-5.2.19-py3-none-any.whl'
"""
FULL_ON_WINDOWS = """\
Processing c:\\course\\.venv\\course-wheels\\django-5.2.19-py3-none-any.whl
ERROR: Could not install packages due to an OSError: [WinError 112] There is not enough space on the disk
"""
FORBIDDEN = """\
Collecting mdurl==0.1.2
ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/srv/.venv/lib/mdurl/__init__.py'
Consider using the `--user` option or check the permissions.
"""
IN_USE_ON_WINDOWS = """\
Processing c:\\course\\.venv\\course-wheels\\watchfiles-1.3.0-cp312-cp312-win_amd64.whl
ERROR: Could not install packages due to an OSError: [WinError 5] Access is denied: 'c:\\\\course\\\\.venv\\\\_rust.pyd'
"""


@pytest.mark.parametrize(
    ("output", "package", "why"),
    [
        (NO_SUCH_HOST, "django==5.2.19", "no network"),
        (NONE, "django==5.2.19", "no network"),
        (CUT_OFF, "playwright==1.65.2", "no network"),
        (BUILD_WITHOUT_NETWORK, "cryptography==50.0.2", "no network"),
        (PROXY, "django==5.2.19", "the proxy does not let pip through"),
        (CERTIFICATE, "django==5.2.19", "the certificate of the package index is not accepted"),
        (NO_VERSION, "django-csp==4.0.99", "the package index has no such version for Python 3."),
        (HASH, "django-csp==4.0", "the file that came has another hash"),
        (NO_COMPILER, "ujson==5.10.0", "it has to be built here, and there is no compiler on this machine"),
        (NO_COMPILER_ON_WINDOWS, "ujson==5.10.0", "it has to be built here, and there is no compiler"),
        (FULL, "django==5.2.19", "the disk is full"),
        (FULL_ON_WINDOWS, "django==5.2.19", "the disk is full"),
        (FORBIDDEN, "mdurl==0.1.2", "a file may not be written (permission denied)"),
        (IN_USE_ON_WINDOWS, "watchfiles==1.3.0", "a file may not be written (permission denied)"),
        ("ERROR: pip was stopped by signal 9", "", "ERROR: pip was stopped by signal 9"),
        ("", "", "pip ended without a word"),
    ],
)
def test_the_last_line_names_the_package_and_the_reason(output, package, why):
    found, what, _ = reason(output)
    assert (found, what[: len(why)]) == (package, why)
    last = str(NotInstalled("requirements.txt", output)).splitlines()[-1]
    assert last.startswith(f"Not installed: {package or 'requirements.txt'}: {why}")
    assert last.endswith("Then run: make setup") and "  " not in last


@pytest.mark.parametrize(
    ("line", "package"),
    [
        ("Collecting django==5.2.19 (from -r wanted.txt (line 1))\n", "django 5.2.19"),
        ("Collecting setuptools>=40\n", "setuptools"),
        (
            "Processing /media/Über uns/django_csp-4.0-py3-none-any.whl (from -r x)\n",
            "django_csp 4.0",
        ),
        ("Processing c:\\kit\\toy-1.0.tar.gz\n", "toy 1.0"),
        ("  Downloading django-5.2.19-py3-none-any.whl (8.3 MB)\n", ""),
    ],
)
def test_a_line_of_pip_names_the_package_that_it_turns_to(line, package):
    assert " ".join(collected(line)) == package
