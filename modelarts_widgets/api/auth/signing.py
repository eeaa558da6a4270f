"""The signature ``SDK-HMAC-SHA256`` in its ``Access=`` dialect, as pure functions of one request.

There is a second dialect under the same name, with ``Credential=`` and a derived key, which is not supported;
this one: https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm.html.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlsplit

ALGORITHM = "SDK-HMAC-SHA256"
DATE_FORMAT = "%Y%m%dT%H%M%SZ"
"""Of the header ``X-Sdk-Date``, in UTC."""


def authorization(
    access_key: str, secret_key: str, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
) -> str:
    """Return the signature of a request.

    Parameters
    ----------
    access_key, secret_key : str
        The pair to sign with.
    method : str
        Such as ``GET``.
    url : str
        As it is sent, percent-encoded.
    headers : mapping of str to str
        Those to sign; ``Host`` and ``X-Sdk-Date`` must be among them.
    body : bytes, default b""
        As it is sent.

    Returns
    -------
    str
        Value for the header ``Authorization``.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    request = canonical_request(method, url, lowered, body)
    text = f"{ALGORITHM}\n{lowered['x-sdk-date']}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Access={access_key}, SignedHeaders={';'.join(sorted(lowered))}, Signature={signature}"


def canonical_request(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> str:
    """Return the canonical form of a request, which both sides sign; the names of the headers are in lower case."""
    parts = urlsplit(url)
    names = sorted(headers)
    lines = [method.upper(), _path(parts.path), _query(parts.query)]
    lines += [f"{name}:{headers[name].strip()}" for name in names]
    return "\n".join([*lines, "", ";".join(names), hashlib.sha256(body).hexdigest()])


def _path(path: str) -> str:
    encoded = "/".join(map(_encoded, unquote(path).split("/")))
    return encoded if encoded.endswith("/") else f"{encoded}/"


def _query(query: str) -> str:
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in pairs)


def _encoded(text: str) -> str:
    return quote(text, safe="~")
