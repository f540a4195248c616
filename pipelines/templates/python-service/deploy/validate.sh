#!/bin/sh
# The service must answer, and be well, within twenty seconds.
set -eu
exec python3 - "$LOCKGATE_PORT" <<'PYTHON'
import sys
import time
import urllib.error
import urllib.request

url = f"http://127.0.0.1:{sys.argv[1]}/healthz"
answer = "no answer"
for _ in range(100):
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            print(url, response.status, response.read().decode().strip())
            sys.exit(0)
    except urllib.error.HTTPError as error:
        answer = f"HTTP {error.code}"
        if error.code == 500:
            break
    except OSError as error:
        answer = str(error)
    time.sleep(0.2)
print(f"{url}: {answer}", file=sys.stderr)
sys.exit(1)
PYTHON
