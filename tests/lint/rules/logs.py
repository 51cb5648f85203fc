# SPDX-License-Identifier: GPL-2.0-only
"""What user space causes goes to the kernel's log through its limit, `UserLog`."""

from rules.files import rust
from rules.rust import code

# The load and the end of the module, and the limit itself.
PLACES = {"src/khttpd.rs", "src/params.rs", "src/sys/log.rs"}
# Another macro logs once, however often it is reached.
MACROS = {
    f"{prefix}_{level}"
    for prefix in ("pr", "dev")
    for level in ("emerg", "alert", "crit", "err", "warn", "notice", "info", "debug", "dbg", "cont")
}


def check():
    """Finds messages without a limit."""
    for path in rust():
        if str(path) in PLACES:
            continue
        found = code(path.read_text())
        for token, after in zip(found, found[1:]):
            if token.text in MACROS and after.text == "!":
                yield f"{path}:{token.line}: {token.text}"
