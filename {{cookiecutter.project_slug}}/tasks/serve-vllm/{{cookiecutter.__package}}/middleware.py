"""`GET /memory` inside vLLM's own server: what the GPUs use, the peak, and the plan.

vLLM's `--middleware` puts this class around its API; whatever guards the API guards this too.
"""

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from . import memory


class MemoryEndpoint:
    """Answers /memory from a monitor that runs as long as the server, and passes every other request on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.monitor = memory.Monitor().start()
        print(self.monitor.report(), flush=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/memory":
            answer = JSONResponse({"report": self.monitor.report(), **self.monitor.state()})
            await answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)
