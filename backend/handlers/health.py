"""For those who keep the service running: does it live, is it ready, how much does it do."""

from typing import Literal

from backend.errors import NotFound, Unavailable
from backend.handlers.address import within
from backend.handlers.base import Handler
from backend.handlers.metrics import CONTENT_TYPE, gauges_text
from backend.handlers.operation import Media, operation
from backend.models.base import Model
from backend.services.health import check_ready, queue_lengths


class Health(Model):
    """All is well; where it is not, the answer is an error."""

    status: Literal["ok"] = "ok"


class Alive(Handler):
    """/healthz"""

    @operation(id="health.alive", answer=Health)
    async def get(self) -> Health:
        """Whether the process lives."""
        return Health()


class Ready(Handler):
    """/readyz"""

    @operation(id="health.ready", answer=Health, errors=(Unavailable,))
    async def get(self) -> Health:
        """Whether the database answers and fits; 503 with the reasons otherwise."""
        if self.context.traffic.draining:
            raise Unavailable("服务正在停止，请稍后重试", code="stopping", retry_after=5)
        await check_ready(self.deps)
        return Health()


class MetricsText(Handler):
    """/metrics"""

    @operation(id="health.metrics", answer=Media((CONTENT_TYPE,)), errors=(NotFound,))
    async def get(self) -> bytes:
        """Figures for Prometheus; to addresses that are not configured, there is nothing here."""
        # A proxy on this machine that isn't configured as one would lend its loopback address to the whole world.
        forwarded = "X-Forwarded-For" in self.request.headers and self.client_address == self.request.remote_ip
        if forwarded or not within(self.client_address, self.deps.settings.metrics_from):
            raise NotFound("没有这个地址，请检查网址")
        return self.context.metrics.text() + gauges_text(await queue_lengths(self.deps))
