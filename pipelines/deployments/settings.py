"""How a deployment group deploys: strategy, rollback, health check, patience. Parsed at the edge, kept as JSON."""

import re
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pipelines.deployments import strategy

PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


class HealthCheck(BaseModel):
    """An HTTP probe that the server makes after ValidateService: passed after `successes` good answers in a row."""

    model_config = ConfigDict(extra="forbid")
    url: str = Field(max_length=500, description="`{host}` is the host's name, `{port}` and others are its labels")
    successes: int = Field(default=2, ge=1, le=100)
    interval_seconds: float = Field(default=1.0, ge=0.1, le=300)
    timeout_seconds: float = Field(default=2.0, ge=0.1, le=30)
    give_up_seconds: float = Field(default=60.0, ge=1, le=3600)

    @field_validator("url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        parts = urlsplit(PLACEHOLDER.sub("1", value))
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or "{" in parts.geturl():
            raise ValueError("give an http:// or https:// address; {host} and {label} are the only placeholders")
        return value


class GroupSettings(BaseModel):
    """Settings of a deployment group. A deployment keeps those of its start."""

    model_config = ConfigDict(extra="forbid")
    strategy: str = "one-at-a-time"
    minimum_healthy: int | str | None = Field(
        default=None, description='for strategy minimum-healthy: a number of hosts, or a share such as "75%"'
    )
    auto_rollback: bool = True
    ignore_application_stop_failures: bool = False
    file_exists_behavior: Literal["DISALLOW", "OVERWRITE", "RETAIN"] | None = Field(
        default=None, description="used when appspec.yml does not say"
    )
    health_check: HealthCheck | None = None
    lost_after_seconds: int = Field(default=75, ge=3, le=3600, description="an agent that is silent this long is lost")

    @model_validator(mode="after")
    def _fits(self) -> "GroupSettings":
        strategy.named(self.strategy)
        if (self.strategy == "minimum-healthy") != (self.minimum_healthy is not None):
            raise ValueError("minimum_healthy and strategy minimum-healthy need one another")
        if self.minimum_healthy is not None:
            strategy.minimum_of(self.minimum_healthy, 1)
        return self


def read(value: dict[str, Any]) -> GroupSettings:
    """The settings of a row."""
    return GroupSettings.model_validate(value)
