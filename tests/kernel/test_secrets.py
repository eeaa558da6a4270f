"""A notebook is run with every kind of credentials, good and bad; nothing that comes out of it holds a secret."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.kernels import Kernel, running_kernel

from modelarts_widgets.simulator import Simulator

SETUP = """
    import io, json, logging, os, socket, threading, traceback, urllib.parse
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from IPython.display import display
    from ipywidgets import Widget
    from modelarts_widgets import AkSkAuth, ExportMonitor, ModelArtsClient, ModelArtsError, OpenStackAuth, TokenAuth

    log = io.StringIO()
    logging.basicConfig(stream=log, level=logging.DEBUG, force=True)
    env = os.environ

    class Echo(BaseHTTPRequestHandler):
        # A gateway that repeats everything that it is sent.
        def do_GET(self):
            body = json.dumps({"error_code": "X", "error_msg": str(dict(self.headers))}).encode()
            self.send_response(500)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    echo = HTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=echo.serve_forever, daemon=True).start()
    silent = socket.create_server(("127.0.0.1", 0))

    def broken():
        raise RuntimeError("no token today")

    auths = {
        "token": lambda: TokenAuth(env["OS_TOKEN"]),
        "function": lambda: TokenAuth(lambda: env["OS_TOKEN"]),
        "wrong token": lambda: TokenAuth(env["WRONG"]),
        "broken": lambda: TokenAuth(broken),
        "key": lambda: AkSkAuth(env["AK"], env["SK"], project_id=env["OS_PROJECT_ID"]),
        "temporary": lambda: AkSkAuth(env["TEMPORARY_AK"], env["TEMPORARY_SK"], security_token=env["TEMPORARY_TOKEN"]),
        "wrong key": lambda: AkSkAuth(env["AK"], env["WRONG"]),
        "unknown key": lambda: AkSkAuth(env["UNKNOWN"], env["WRONG"]),
        "cloud": lambda: OpenStackAuth("mine"),
        "wrong cloud": lambda: OpenStackAuth("wrong"),
        "no cloud": lambda: OpenStackAuth("none"),
    }
    endpoints = {
        "service": env["ENDPOINT"],
        "echo": f"http://127.0.0.1:{echo.server_address[1]}",
        "silent": f"http://127.0.0.1:{silent.getsockname()[1]}",
        "nobody": "http://127.0.0.1:9",
        "no tls": env["ENDPOINT"].replace("http:", "https:"),
    }
    found = {}

    def tried(kind, where):
        auth = auths[kind]()
        client = ModelArtsClient(endpoints[where], env["OS_PROJECT_ID"], auth=auth, timeout=0.5)
        monitor = ExportMonitor("d", "t", client=client)
        display(monitor)
        threading.Timer(1.0, monitor.stop).start()  # those that would try again and again
        try:
            monitor.wait(120)
        except Exception:
            traceback.print_exc()
        print(auth, client, repr(monitor), repr(monitor.error), monitor.error, getattr(monitor.error, "__dict__", None))
        display(monitor.task)
        print(monitor.to_text(), monitor.to_html())
        found[kind, where] = monitor.phase if monitor.error is None else type(monitor.error).__name__
"""
OTHERS = """
    env["HTTPS_PROXY"] = f"http://{env['PROXY_USER']}:{env['PROXY_PASSWORD']}@127.0.0.1:9"
    tried("token", "no tls")
    del env["HTTPS_PROXY"]
    for name in ("HOME", "OS_CLOUD"):
        env.pop(name, None)
    for variables in ({}, {"HW_ACCESS_KEY": env["AK"]}, {"OS_CLOUD": "none"}, {"OS_CLOUD": "mine"}):
        env.update(variables)
        try:
            print(ModelArtsClient.from_env(region="eu-de"))
        except ModelArtsError:
            traceback.print_exc()
        for name in variables:
            del env[name]
"""


@pytest.fixture
def secrets(simulator: Simulator) -> dict[str, str]:
    key = simulator.issue_temporary_key()
    return {
        "OS_TOKEN": simulator.token,
        "AK": simulator.access_key,
        "SK": simulator.secret_key,
        "TEMPORARY_AK": key.access_key,
        "TEMPORARY_SK": key.secret_key,
        "TEMPORARY_TOKEN": key.security_token or "",
        "UNKNOWN": "UNKNOWNKEYUNKNOWNKEY",
        "WRONG": "a-wrong-token-or-secret-key",
        "PASSWORD": simulator.password,
        "PROXY_USER": "somebody-at-the-proxy",
        "PROXY_PASSWORD": "hidden-from-the-proxy",
    }


@pytest.fixture
def notebook(simulator: Simulator, secrets: dict[str, str], tmp_path: Path) -> Iterator[Kernel]:
    simulator.add_export("d", "t", seconds=0.0)
    auth = {
        "auth_url": simulator.iam_endpoint,
        "username": simulator.username,
        "password": simulator.password,
        "user_domain_name": simulator.domain_name,
        "project_id": simulator.project_id,
    }
    clouds = {"mine": {"auth": auth}, "wrong": {"auth": auth | {"password": secrets["WRONG"]}}}
    (tmp_path / "clouds.yaml").write_text(json.dumps({"clouds": clouds}))
    variables = {"ENDPOINT": simulator.endpoint, "OS_PROJECT_ID": simulator.project_id}
    with running_kernel(env=dict(os.environ) | secrets | variables, cwd=tmp_path) as kernel:
        kernel.run("%xmode Verbose")
        kernel.run(SETUP)
        yield kernel


def test_no_secret_comes_out_of_a_notebook(notebook: Kernel, secrets: dict[str, str]) -> None:
    published = notebook.run("""
        for kind in auths:
            tried(kind, "service")
        for where in ("echo", "silent", "nobody", "no tls"):
            for kind in ("token", "temporary"):
                tried(kind, where)
    """)
    published += notebook.run(OTHERS)
    for cell in (  # what is not caught, with the values of variables in the traceback
        "ModelArtsClient(env['ENDPOINT'], 'p', auth=auths['wrong key']()).get_export_task('d', 't')",
        "ModelArtsClient(endpoints['nobody'], 'p', auth=auths['token']()).get_export_task('d', 't')",
        "ModelArtsClient(endpoints['echo'], 'p', auth=auths['key']()).get_export_task('d', 't')",
        "ModelArtsClient(env['ENDPOINT'], 'p', auth=auths['wrong cloud']()).get_export_task('d', 't')",
        "ModelArtsClient(env['ENDPOINT'], 'p', auth=auths['broken']()).get_export_task('d', 't')",
    ):
        request = notebook.start_cell(cell)
        errors = [message for message in notebook.published(request) if message["msg_type"] == "error"]
        assert errors
        published += errors
    saved = notebook.read("json.dumps(Widget.get_manager_state())")
    logged = notebook.read("log.getvalue()")
    outcomes = notebook.read("found")

    for expected in ("AuthenticationError", "ConnectionFailedError", "ServiceError", "ConfigurationError", "'done'"):
        assert expected in outcomes
    assert "modelarts-export" in saved
    assert "GET /v2/" in logged
    assert "keystoneauth" in logged
    everything = json.dumps(published, default=str, ensure_ascii=False) + saved + logged
    assert "SUCCESSED" in everything
    leaked = [name for name, secret in secrets.items() if secret in everything]
    assert not leaked
