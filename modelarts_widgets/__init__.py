"""Watch a ModelArts dataset export from a Jupyter notebook, or without one.

`ExportMonitor` is the card of one export, `ExportHistory` the table of all exports of a dataset. `watch_export` and
`watch_exports` do the same without a widget. `modelarts_widgets.simulator` has the service for your own machine.

How it polls
------------
While answers bring something new, a watch polls at its ``interval``. While they do not, the interval grows to 10 % of
the time since the last change, 30 seconds at most. When the last view of a widget has gone, it polls at its
``background_interval``, every 30 seconds; when it is shown again or waited for, at once. A delay that the service asks
for is kept. A task or dataset that is not found is asked for three times, since it may have been created just now:
that takes about 6 s for a task, 16 s for a dataset. After ten failures in a row, polling pauses.

All watches of the same subject with equal credentials share one poll, and all polls of a process share 4 threads, or 8
while servers take longer than 0.1 s. There are none when there is nothing to poll. Threads that your own callbacks
block are not counted. Up to six servers can hang without a delay for others.

A bar moves once a second at most. A refresh that changes what is drawn is one message to the browser, a change of
status up to four, and one that brings nothing new is none. ``stats`` counts them.

What becomes of a cell's output
-------------------------------
When polling ends, the live widget is replaced by static HTML and text of the same look, and its models are freed. When
it goes on, by ``resume``, it is live again. A table is static while no export is running and nobody has touched it for
``idle_timeout`` seconds. An output in which no view has appeared 2.5 seconds after the kernel became idle moves as
static HTML. There are three exceptions. A widget inside another widget stays one. A card in a page that was loaded
again stays live until its cell is run again. When a kernel is restarted, JupyterLab takes no static card any more; the
card then says that its kernel has gone. A tree is drawn up to 20,000 rows or a million characters, a text form up to
200 lines, and a static table with the newest 10 exports and up to 50 with those that run or have failed.

What is promised
----------------
No request takes for ever. The third number of the client's ``timeout`` limits it as a whole, name resolution included:
35 seconds by default. ``pause``, ``stop`` and ``close`` end it at once. A request that is lost on a kept connection
before any answer is sent once more.

One refused login for all. One request tries new credentials, and all others with equal ones at the same endpoint wait
for its outcome. A refusal holds for every watch of the process until you call ``resume()`` or pass others. An expired
token is renewed once, if the credentials allow it.

Callbacks and observers are called in order, one at a time for each watch, with the newest state, usually in a polling
thread. No lock is held: they may use any watch, but not wait for their own. They have been called when ``wait()``
returns, unless they take longer than a second. What they raise is logged and ends nothing.

Credentials go into request headers and nowhere else. They are sent over ``https`` only, to the host that you named;
plain ``http`` is for this machine itself. Addresses that two programs could read differently are refused, and no
redirect is followed. What a service repeats of a credential is taken out of errors and documents: whole or cut, as it
was sent, or encoded once for JSON, a URL or HTML; one of fewer than 16 characters out of errors only. Foreign text is
escaped in HTML, and characters that control a terminal, change the direction of text or are invisible are shown as
U+FFFD.

What is not promised
--------------------
- A session of yours with a ``request`` method or adapters of its own is limited between two pieces of an answer only,
  and a function of yours that returns a token has no deadline.
- Direct calls of a client are sent with refused credentials, too, one at a time; ``last_auth_error`` shows a refusal.
- Tracebacks with local variables (``%xmode Verbose``, rich, pytest) show no secret in our frames, but may in your own,
  in your source lines, and in those of `http.client`. A debugger can read every object in memory.
- A service may repeat a credential in another form: encoded twice, in base64, or one from a ``.netrc`` file.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from . import terminal
from .api.auth import AkSkAuth, OpenStackAuth, TokenAuth
from .api.client import ModelArtsClient
from .api.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    ExportFailedError,
    MalformedResponseError,
    ModelArtsError,
    NotFoundError,
    PermissionDeniedError,
    ServiceError,
    ThrottledError,
)
from .api.models import (
    ExportParams,
    ExportTask,
    SearchCondition,
    SearchLabel,
    SearchLabels,
    SearchProp,
)
from .polling.exports import watch_export, watch_exports
from .polling.watch import Watch
from .rendering import task_bundle
from .widgets import load_ipython_extension
from .widgets.history import ExportHistory
from .widgets.monitor import ExportMonitor

ExportTask._renderer = staticmethod(task_bundle)
Watch._reporter = staticmethod(terminal.progress)
__version__: str
if not TYPE_CHECKING:  # or every name would be an attribute

    def __getattr__(name: str) -> str:
        """Return the version, which takes a while to look up."""
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return version("modelarts-widgets")


__all__ = [
    "AkSkAuth",
    "AuthenticationError",
    "ConfigurationError",
    "ConnectionFailedError",
    "ExportFailedError",
    "ExportHistory",
    "ExportMonitor",
    "ExportParams",
    "ExportTask",
    "MalformedResponseError",
    "ModelArtsClient",
    "ModelArtsError",
    "NotFoundError",
    "OpenStackAuth",
    "PermissionDeniedError",
    "SearchCondition",
    "SearchLabel",
    "SearchLabels",
    "SearchProp",
    "ServiceError",
    "ThrottledError",
    "TokenAuth",
    "Watch",
    "__version__",
    "load_ipython_extension",
    "watch_export",
    "watch_exports",
]
