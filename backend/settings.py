"""Settings from the environment: `ZHIPING_…` variables, checked all at once, in one frozen object.

docs/settings.md explains every one of them; a test holds it to this file.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

import inspection
from backend.config_files import default_config_folder

PREFIX = "ZHIPING_"
_SECRETS_FOLDER = PREFIX + "SECRETS_FOLDER"

Network = IPv4Network | IPv6Network
Networks = Annotated[tuple[Network, ...], NoDecode]


class _Secrets(SecretsSettingsSource):
    """Files of a folder; like an empty variable, an empty file is none."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        value, key, complex_ = super().get_field_value(field, field_name)
        return value or None, key, complex_


class Settings(BaseSettings):
    """What the operator may choose. Each field's description says what is expected, in the words of the error."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    mongodb_uri: SecretStr | None = Field(
        None,
        description="MongoDB 副本集的地址，以 mongodb:// 或 mongodb+srv:// 开头；不设则启动内置的 MongoDB",
    )
    secrets_folder: Path | None = Field(
        None,
        description="存放密钥的目录的路径：里面的文件以设置命名，如 zhiping_mongodb_uri，内容即设置的值；环境变量优先",
    )
    database: str = Field(
        "zhiping", pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,37}$", description="数据库名：字母开头，只含字母、数字、_ 和 -"
    )
    data_folder: Path = Field(Path("data"), description="数据目录的路径（内置 MongoDB 的数据、上传的文件）")
    config_folder: Path = Field(
        default_factory=default_config_folder, description="配置目录的路径，里面有 rubrics/、cycles/ 和 districts.yaml"
    )
    web_folder: Path = Field(
        Path(inspection.__file__).parent / "web" / "dist", description="构建好的网页所在目录的路径，里面有 phone/"
    )
    cycle: str = Field(
        "2022", pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", description="周期的名称，即配置目录里 cycles/ 下的文件名，如 2022"
    )
    host: str = Field("127.0.0.1", min_length=1, description="监听的地址，如 127.0.0.1；0.0.0.0 为所有网卡")
    port: int = Field(8888, ge=0, le=65535, description="监听的端口，0–65535 的整数；0 为任选一个空闲端口")
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#\s]+$",
        description="用户看到的网址，如 https://zhiping.example.cn，不带末尾的 /；不设则为 http://监听地址:端口",
    )
    tls_certificate: Path | None = Field(
        None, description="HTTPS 证书链文件的路径（PEM）；与 ZHIPING_TLS_KEY 一起设置，服务便以 HTTPS 应答"
    )
    tls_key: Path | None = Field(None, description="HTTPS 证书私钥文件的路径（PEM）")
    processes: int = Field(1, ge=1, le=64, description="进程数，1–64 的整数")
    trusted_proxies: Networks = Field(
        (), description="反向代理的地址，用逗号分隔的 IP 或网段，如 10.0.0.0/8；只有它们转来的客户端地址才可信"
    )
    metrics_from: Networks = Field(
        (ip_network("127.0.0.0/8"), ip_network("::1/128")),
        description="可以读取 /metrics 的地址，用逗号分隔的 IP 或网段；默认只有本机",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="日志级别：debug、info、warning 或 error"
    )
    log_format: Literal["json", "console"] = Field(
        "json", description="日志格式：json（每行一条）或 console（便于阅读）"
    )
    max_body: int = Field(
        1024 * 1024, ge=1024, le=16 * 1024 * 1024, description="请求内容的字节上限，1024–16777216 的整数"
    )
    font: Path | None = Field(
        None, description="水印所用字体文件的路径，须含简体中文（ttf、otf 或 ttc）；不设则用系统里的中文字体"
    )
    upload_hours: int = Field(168, ge=1, le=8760, description="没有传完的上传多少小时没有进展就作废，1–8760 的整数")
    disk_reserve: int = Field(
        1024**3, ge=0, le=2**60, description="数据库所在磁盘留出的字节数，剩余空间低于它就不再接收上传"
    )
    session_idle_hours: int = Field(168, ge=1, le=8760, description="多少小时不用就要重新登录，1–8760 的整数")
    session_absolute_hours: int = Field(1440, ge=1, le=8760, description="登录最多多少小时有效，1–8760 的整数")
    link_hours: int = Field(72, ge=1, le=720, description="登录链接多少小时内有效，1–720 的整数")
    invitation_hours: int = Field(336, ge=1, le=2160, description="邀请码多少小时内有效，1–2160 的整数")
    rate_per_person: float = Field(50, ge=0, le=100_000, description="每人每秒的请求数，0–100000；0 为不限")
    rate_per_address: float = Field(200, ge=0, le=100_000, description="每个地址每秒的请求数，0–100000；0 为不限")
    wechat_app_id: str | None = Field(
        None, pattern=r"^wx[0-9a-z]{8,30}$", description="微信小程序的 AppID，以 wx 开头；不设则不用微信"
    )
    wechat_app_secret: SecretStr | None = Field(
        None, min_length=8, max_length=128, description="微信小程序的 AppSecret；与 ZHIPING_WECHAT_APP_ID 一起设置"
    )
    wechat_base_url: str = Field(
        "https://api.weixin.qq.com",
        pattern=r"^https?://[^/?#\s]+$",
        description="微信接口的网址，不带末尾的 /；只在试用 python -m backend wechat-stub 时改",
    )
    wechat_push_token: SecretStr | None = Field(
        None, min_length=3, max_length=32, description="消息推送的 Token（3–32 位字母和数字），与微信公众平台上填的一致"
    )
    wechat_aes_key: SecretStr | None = Field(
        None, min_length=43, max_length=43, description="消息推送的 EncodingAESKey（43 位），与微信公众平台上填的一致"
    )
    wechat_content_check: bool = Field(
        False, description="学校提交申报时是否用微信的内容安全接口检查文字：true 或 false；需要已设置微信小程序"
    )
    wechat_state: Literal["developer", "trial", "formal"] = Field(
        "formal", description="消息打开小程序的哪一版：developer（开发版）、trial（体验版）或 formal（正式版）"
    )
    wechat_rate: float = Field(90, gt=0, le=1000, description="所有进程合计每秒最多发几条微信消息，大于 0、至多 1000")
    worker: bool = Field(
        True, description="serve 是否也投递消息：true 或 false；false 时另行运行 python -m backend worker"
    )

    @field_validator("trusted_proxies", "metrics_from", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("mongodb_uri")
    @classmethod
    def _check_scheme(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("mongodb://", "mongodb+srv://")):
            raise ValueError("not an address of MongoDB")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, the environment, then the files of the folder for secrets; nothing that lies about elsewhere."""
        folder = secrets_folder(os.environ)
        # A missing folder is said by `load_settings`.
        files = (_Secrets(settings_cls, folder),) if folder and folder.is_dir() else ()
        return init_settings, env_settings, *files

    @property
    def mongodb_folder(self) -> Path:
        """Where the embedded MongoDB keeps its data."""
        return self.data_folder / "mongodb"

    @property
    def web_archive(self) -> Path:
        """Where the hashed assets of all builds are kept, so that pages of an older one can go on."""
        return self.data_folder / "web"

    @property
    def base_url(self) -> str:
        """The address that people open, without a slash at its end."""
        if self.public_url is not None:
            return self.public_url
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - compared, not bound
        return f"{'https' if self.tls_certificate else 'http'}://{host}:{self.port}"


class SettingsError(Exception):
    """Settings that can't be used: its text names every wrong variable and says what is expected, in Chinese."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(f"有 {len(problems)} 项设置要改（说明见 docs/settings.md）：\n" + "\n".join(problems))
        self.problems = problems


def load_settings(**chosen: Any) -> Settings:
    """The settings of the environment; `chosen` ones outrank it. Raises `SettingsError` with all that is wrong."""
    problems = [f"  {name}：没有这项设置，请检查拼写{_meant(name)}" for name in unknown_names(os.environ)]
    problems += _wrong_with_secrets(secrets_folder(os.environ))
    try:
        settings = Settings(**chosen)
    except ValidationError as error:
        names = dict.fromkeys(str(each["loc"][0]) for each in error.errors(include_url=False, include_input=False))
        raise SettingsError([_problem(name) for name in names] + problems) from None
    problems = _contradictions(settings) + problems
    if problems:
        raise SettingsError(problems)
    return settings


def secrets_folder(environment: Mapping[str, str]) -> Path | None:
    """The folder whose files are settings too, such as Docker's /run/secrets; None where none is named."""
    named = environment.get(_SECRETS_FOLDER)
    return Path(named) if named else None


def _wrong_with_secrets(folder: Path | None) -> list[str]:
    if folder is None:
        return []
    if not folder.is_dir():
        return [f"  {_SECRETS_FOLDER}：没有目录 {folder}，请改为存放密钥文件的目录"]
    unknown = unknown_names(dict.fromkeys((file.name for file in folder.iterdir()), ""))
    return [f"  {folder / name}：没有这项设置，请检查文件名{_meant(name)}" for name in unknown]


def variable(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()


def unknown_names(environment: Mapping[str, str]) -> list[str]:
    """The `ZHIPING_…` variables that are no setting: most likely misspelt."""
    known = {variable(field) for field in Settings.model_fields}
    return sorted(name for name in environment if name.upper().startswith(PREFIX) and name.upper() not in known)


def _problem(field: str) -> str:
    """The sentence for a wrong field. Its value is not shown: it may be a secret."""
    known = Settings.model_fields.get(field)
    return f"  {variable(field)} 不对。{known.description if known else ''}"


def _contradictions(settings: Settings) -> list[str]:
    """What is wrong with settings that are right one by one."""
    problems = []
    if settings.session_idle_hours > settings.session_absolute_hours:
        problems.append("  ZHIPING_SESSION_IDLE_HOURS：应不大于 ZHIPING_SESSION_ABSOLUTE_HOURS")
    if (settings.wechat_app_id is None) != (settings.wechat_app_secret is None):
        problems.append("  ZHIPING_WECHAT_APP_ID 和 ZHIPING_WECHAT_APP_SECRET：请两项都设，或都不设")
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        problems.append("  ZHIPING_TLS_CERTIFICATE 和 ZHIPING_TLS_KEY：请两项都设，或都不设")
    if settings.wechat_content_check and settings.wechat_app_id is None:
        problems.append("  ZHIPING_WECHAT_CONTENT_CHECK：要先设置 ZHIPING_WECHAT_APP_ID")
    if settings.wechat_aes_key is not None and settings.wechat_push_token is None:
        problems.append("  ZHIPING_WECHAT_AES_KEY：要和 ZHIPING_WECHAT_PUSH_TOKEN 一起设置")
    if not (settings.config_folder / "rubrics").is_dir():
        problems.append(f"  ZHIPING_CONFIG_FOLDER：{settings.config_folder} 里没有 rubrics/，请改为配置目录的路径")
    return problems


def _meant(name: str) -> str:
    near = get_close_matches(name.upper(), [variable(field) for field in Settings.model_fields], n=1)
    return f"（是不是 {near[0]}？）" if near else ""
