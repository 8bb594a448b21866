"""The process of which bounded children are forks: ``python -m groundswell.media.sandbox.fork_server FD``.

A child that starts from nothing spends half a second of processor on loading libraries before it looks at a film; one
that is forked from a process that has loaded them, a few milliseconds. Over the stream socket ``FD`` its owner asks for
a child by sending two sockets: of one the child makes its standard input and output, over the other the server says how
the child has ended (its status, as `subprocess.Popen.returncode` is written) and hears, when it is shut, that the child
is to be killed. When ``FD`` is shut, if only since its owner has ended, all children are killed and the server ends.

It touches no film, has one thread, and is given nothing of its owner's environment but what libraries need; each child
confines and limits itself (`groundswell.media.sandbox.child`) before it does.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import selectors
import signal
import socket
import sys

from . import child

PRELOADED = (
    "groundswell.media.analysis.artwork",
    "groundswell.media.analysis.stills",
    "groundswell.media.analysis.survey",
    "groundswell.media.cut",
    "groundswell.media.hls.exact_hls",
    "groundswell.media.hls.packager",
    "groundswell.media.sandbox.calls",
    "groundswell.media.streams.stretch",
)
"""What most work needs. What little work needs (faces, credentials, shaping) is loaded by the children that do it."""
PR_SET_PDEATHSIG = 1


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    for module in PRELOADED:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # a collection in a child would touch, and so copy, every page
    ForkParent(control).serve()


class ForkParent:
    """The children there are: of each its process id, and the socket over which its end is told."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.children: dict[int, socket.socket] = {}
        self.selector = selectors.DefaultSelector()
        self.wake, self.woken = socket.socketpair()
        for end in (self.wake, self.woken):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.wake.fileno(), warn_on_full_buffer=False)
        self.selector.register(control, selectors.EVENT_READ)
        self.selector.register(self.woken, selectors.EVENT_READ)

    def serve(self) -> None:
        """Fork, reap and kill until the control socket is shut."""
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.control:
                    if not self._asked():
                        self._kill(*self.children)
                        return
                elif key.fileobj is self.woken:
                    self.woken.recv(4096)
                    self._reap()
                elif key.data in self.children:  # not reaped a moment ago; its owner lets go of it
                    self.selector.unregister(key.fileobj)
                    self._kill(key.data)

    def _asked(self) -> bool:
        """Fork a child; False when nobody will ask again."""
        try:
            said, given, _, _ = socket.recv_fds(self.control, 1, 2)
        except OSError:
            return False
        if not said:
            return False
        if len(given) != 2:  # more than this process may have open: those that came are closed, which tells the owner
            for descriptor in given:
                os.close(descriptor)
            return True
        words, end = (socket.socket(fileno=descriptor) for descriptor in given)
        with words:
            try:
                process = os.fork()
            except OSError:
                end.close()
                return True
            if process == 0:
                self._be_a_child(words)
        self.children[process] = end
        self.selector.register(end, selectors.EVENT_READ, process)
        return True

    def _be_a_child(self, words: socket.socket) -> None:
        """Become one: never returns."""
        status = 1
        try:
            if sys.platform == "linux":
                ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(words.fileno(), 0)
            os.dup2(words.fileno(), 1)
            for inherited in (words, self.control, self.wake, self.woken, *self.children.values()):
                inherited.close()
            self.selector.close()
            sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
            child.main()
            status = 0
        finally:
            os._exit(status)

    def _reap(self) -> None:
        """Say of each child that has ended how."""
        with contextlib.suppress(ChildProcessError):
            while True:
                process, how = os.waitpid(-1, os.WNOHANG)
                if process == 0:
                    return
                end = self.children.pop(process)
                with contextlib.suppress(KeyError):
                    self.selector.unregister(end)
                with end, contextlib.suppress(OSError):
                    end.send(b"%d" % os.waitstatus_to_exitcode(how))

    def _kill(self, *processes: int) -> None:
        """Those that have not been reaped: no other process can have their ids."""
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


if __name__ == "__main__":
    main()
