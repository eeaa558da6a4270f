"""Credentials as `requests` auth objects. Secrets go into request headers and nowhere else.

Any other auth object of `requests` works in their place. One that can renew its credentials has a method
``refresh()``: the client calls it once when the service says that the token has expired, and sends the request
again unless it returns ``False``. One that knows its project has ``get_project_id()``.
"""

from __future__ import annotations

from requests.auth import AuthBase

from .access_key import AkSkAuth
from .headers import redacted
from .openstack import CloudSettings, OpenStackAuth
from .token import TokenAuth

__all__ = ["AkSkAuth", "AuthBase", "CloudSettings", "OpenStackAuth", "TokenAuth", "redacted"]
