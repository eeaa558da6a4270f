"""Watch a ModelArts dataset export from a Jupyter notebook, or without one.

`ExportMonitor` is the card of one export, `ExportHistory` the table of all exports of a dataset. `watch_export` and
`watch_exports` do the same without a widget. `modelarts_widgets.simulator` runs the service on your own machine.

Polling
-------
While answers differ, a watch polls at its ``interval``. While they do not, the interval grows to 10 % of the time since
the last change, 30 seconds at most. After the last view of a widget has been removed, it polls at its
``background_interval``, every 30 seconds by default; when it is shown again or waited for, at once. ``refresh()`` sends
at most one request a second for a subject, whatever calls it. A delay that the service asks for is kept. A task or
dataset that is not found is requested three times, since it may have been created just now: that takes about 6 s for a
task, 16 s for a dataset. After ten failures in a row, polling pauses.

All watches of the same subject with equal credentials share one poll. One thread of the process owns all polling;
worker threads beside it send the requests and call callbacks. That makes 4 threads, or 8 while servers take longer than
0.1 s, and none when there is nothing to poll. Threads that your own callbacks block are not counted. Up to six servers
can hang without a delay for others.

A progress bar is redrawn once a second at most. A refresh that changes the card is one message to the browser, a change
of status up to four, and one without a change is none. ``stats`` counts them.

Outputs of cells
----------------
When polling ends, the live widget is replaced by static HTML and text that look the same, and its models are closed.
After ``resume`` it is live again. A table is static while no export is running and it has not been used for
``idle_timeout`` seconds. An output in which no view has appeared 2.5 seconds after the kernel became idle is updated as
static HTML. There are three exceptions. A widget inside another widget stays live. A card in a page that was reloaded
stays live until its cell is run again. When a kernel is restarted, JupyterLab does not accept a static card any more;
the live card then says that its kernel has gone. A tree is drawn up to 20,000 rows or a million characters, a text form
up to 200 lines, and a static table with the newest 10 exports and up to 50 including those that run or have failed.

Guarantees
----------
Every request ends. The third number of the client's ``timeout`` limits it as a whole, name resolution included: 35
seconds by default. ``pause``, ``stop`` and ``close`` cancel it at once. A request that is lost on a kept connection
before any answer is sent once more.

A refused login is sent once, not by every watch. One request tries new credentials, and all others with equal ones at
the same endpoint wait for its outcome. A refusal holds for every watch of the process until you call ``resume()`` or
pass other credentials. An expired token is renewed once, if the credentials allow it.

Callbacks and observers are called in order, one at a time for each watch, with the newest state, usually in a worker
thread. No lock is held: they may use any watch, but must not wait for their own. They have been called when ``wait()``
returns, unless they take longer than a second. Exceptions that they raise are logged and do not end the polling.

Credentials are sent in request headers only, over ``https``, to the host that you named; plain ``http`` is for this
machine itself. Addresses that two programs could read differently are refused, and redirects are not followed.
Credentials that a service repeats are removed from errors and documents: whole or cut, as they were sent, or encoded
once for JSON, a URL or HTML; those of fewer than 16 characters from errors only. Text from the service is escaped in
HTML, and characters that control a terminal, change the direction of text or are invisible are shown as U+FFFD.

Limits
------
- The timeout of a session of yours with a ``request`` method or adapters of its own is checked between two pieces of an
  answer only, and a function of yours that returns a token has no timeout.
- Direct calls of a client are sent with refused credentials, too, one at a time; ``last_auth_error`` shows a refusal.
- Tracebacks with local variables (``%xmode Verbose``, rich, pytest) show no secret in frames of this package, but may
  in your own, in your source lines, and in those of `http.client`. A debugger can read every object in memory.
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
if not TYPE_CHECKING:  # else type checkers would accept every name

    def __getattr__(name: str) -> str:
        """Return the version. Why not at import? Reading the metadata takes a while."""
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
