"""Where requests come in: who may read answers, and what goes with every one of them."""

from openrest.edge.cors import CORS
from openrest.edge.proxies import Proxies
from openrest.edge.request_ids import RequestIds
from openrest.edge.security_headers import HSTS

__all__ = ["CORS", "HSTS", "Proxies", "RequestIds"]
