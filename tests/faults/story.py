"""One business from its log to its monitor in one process: how each verb ended, one line of JSON."""

import json
import socket
import sys

from hvc_ml.cli import edge

VERBS = ("check", "train", "score", "report", "monitor")


def told(folder):
    """The exit codes of the verbs, and whether anything outside this machine could be reached."""
    codes = {}
    for verb in VERBS:
        sys.argv = ["hvc-ml", verb, "-c", folder]
        try:
            edge.run()
        except SystemExit as ended:
            codes[verb] = ended.code
    return {"codes": codes, "reachable": reachable()}


def reachable():
    """Whether a route leads anywhere; nothing is sent."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))  # an address of no machine, kept for documents
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.stderr.write(json.dumps(told(sys.argv[1])) + "\n")
