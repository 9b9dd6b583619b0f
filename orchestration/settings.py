"""Every path and setting of the project, in one frozen object. The only reader of the environment.

Settings of a chatbot (time zone, currency, ...) are data, not configuration: they live in `home/chatbots.py`.
"""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from orchestration.errors import PipelineError
from orchestration.home.machine import MIB, machine_memory

PROJECT = Path(__file__).resolve().parent.parent
DBT_PROJECT = PROJECT / "dbt_project"
Share = Annotated[float, Field(ge=0, le=1)]


class Settings(BaseSettings):
    """One object with every setting; each environment variable is a field's name with the prefix CLIENTELE_.

    Those of the read API are named by the upstream.
    """

    model_config = SettingsConfigDict(
        env_prefix="CLIENTELE_", frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True
    )

    home: Path = Field(default=PROJECT / "data", description="The data home: inbox, raw, warehouse, published.")
    scorer: Literal["", "vader"] = Field(default="", description="Scores messages that upstream has not scored.")
    openbat_api_url: str = Field(default="", alias="OPENBAT_API_URL", description="The read API; empty: none.")
    openbat_api_key: SecretStr = Field(default=SecretStr(""), alias="OPENBAT_API_KEY", description="A key to read.")
    keep_snapshots: int = Field(default=5, ge=1, description="How many published snapshots are kept.")
    line_limit_mib: int = Field(default=16, ge=1, description="Longest request line that is read, in MiB.")
    memory_mib: int = Field(default=0, ge=0, description="Memory of a refresh, in MiB; 0: half of the machine.")
    tokens: Path = Field(default=Path("access.json"), description="The access file of the pages and the API.")
    proxy_header: str = Field(default="", description="Where an authenticating proxy names the user.")
    proxy_peers: str = Field(default="127.0.0.1", description="The addresses that proxy speaks from, with commas.")
    export_rows: int = Field(default=1_000_000, ge=1, description="The most rows of one exported file.")
    exports_per_minute: int = Field(default=60, ge=1, description="The most files that a reader takes in a minute.")
    postgres_url: SecretStr = Field(default=SecretStr(""), description="A PostgreSQL to publish to; empty: none.")
    export_url: SecretStr = Field(default=SecretStr(""), description="A folder or bucket to copy snapshots to.")
    quality_min_user_id_share: Share = Field(default=0, description="Warn below this share of conversations.")
    quality_min_organization_share: Share = Field(default=0, description="Warn below this share of conversations.")
    quality_min_plan_share: Share = Field(default=0, description="Warn below this share of conversations.")
    quality_min_mrr_share: Share = Field(default=0, description="Warn below this share of conversations.")
    quality_min_scored_share: Share = Field(default=0, description="Warn below this share of conversations.")
    quality_max_conflicts: int = Field(default=0, ge=0, description="Warn above so many conflicts of one kind.")

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        home = home.expanduser().resolve()
        if "?" in str(home) or unquote(str(home)) != str(home):
            # Its databases are opened by address, in which these mean something: they would be made somewhere else.
            raise PydanticCustomError("path", "Dagster keeps no records below a path with ? or %41; name another one")
        return home

    @property
    def inbox(self) -> Path:
        return self.home / "inbox"

    @property
    def memory(self) -> int:
        """The bytes of memory that a refresh may take."""
        return self.memory_mib * MIB or machine_memory() // 2

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse" / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        return self.home / "published"

    @property
    def views(self) -> Path:
        return self.home / "views"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def tokens_file(self) -> Path:
        return self.home / self.tokens

    @property
    def audit_file(self) -> Path:
        return self.home / "exports.log"

    def enable_scorer(self, scorer: str) -> None:
        """Switch the scorer on for this data home, unless its own `.env` already decides."""
        own = self.home / ".env"
        if not own.exists():
            own.write_text(f"CLIENTELE_SCORER={scorer}\n", encoding="utf-8")


def load_settings() -> Settings:
    """Settings from the environment, then the data home's own `.env`, then the checkout's; the first to speak wins.

    Raises PipelineError naming the variable that has a bad value.
    """
    checkout = PROJECT / ".env"
    try:
        home = Settings(_env_file=checkout).home  # type: ignore[call-arg]
        return Settings(_env_file=(checkout, home / ".env"))  # type: ignore[call-arg]
    except ValidationError as error:
        fault = error.errors()[0]
        name = str(fault["loc"][0]).upper()
        variable = name if name.startswith("OPENBAT_") else f"CLIENTELE_{name}"
        raise PipelineError(f"{variable} is {fault['input']!r}: {fault['msg']}.") from None
