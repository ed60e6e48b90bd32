"""What may go wrong, as exceptions with one JSON shape: services raise them, handlers write them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing wrong: an RFC 6901 JSON pointer into the request, a stable English code, a Chinese message.

    A path into the body starts at its root (`/items/3/points`; `""` is the whole body); `/query/limit` is a query
    parameter, `/path/visit_id` a part of the address.
    """

    path: str
    code: str
    message: str


class AppError(Exception):
    """An answer that is not a success. `message` is Chinese and tells the person what to do next."""

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, code: str | None = None, details: Iterable[Detail] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.details = tuple(details)

    @property
    def headers(self) -> Mapping[str, str]:
        """The HTTP headers that go with this error."""
        return {}

    def to_json(self) -> dict[str, Any]:
        """The one shape of an error: `{"error": {"code", "message", "details": [{"path", "code", "message"}]}}`."""
        details = [{"path": each.path, "code": each.code, "message": each.message} for each in self.details]
        return {"error": {"code": self.code, "message": self.message, "details": details}}


class Malformed(AppError):
    """The request can't be read: not JSON, not UTF-8, a number too large."""

    status = 400
    default_code = "malformed"


class Unauthorised(AppError):
    """Nobody is signed in, or the session has ended."""

    status = 401
    default_code = "unauthorised"

    @property
    def headers(self) -> Mapping[str, str]:
        """RFC 9110 wants every 401 to say how to sign in."""
        return {"WWW-Authenticate": 'Bearer realm="zhiping"'}


class Forbidden(AppError):
    """The role may not do this at all. An object out of the role's scope is a `NotFound` instead."""

    status = 403
    default_code = "forbidden"


class NotFound(AppError):
    """There is no such thing, or the actor may not know that there is."""

    status = 404
    default_code = "not_found"


class MethodNotAllowed(AppError):
    """The path is there, and doesn't take this method; `allowed` are those that it takes."""

    status = 405
    default_code = "method_not_allowed"

    def __init__(self, message: str, *, allowed: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.allowed = tuple(allowed)

    @property
    def headers(self) -> Mapping[str, str]:
        """RFC 9110 wants every 405 to list the methods that the path takes."""
        return {"Allow": ", ".join(self.allowed)}


class Conflict(AppError):
    """The state or version in the database is not the one that the request builds on."""

    status = 409
    default_code = "conflict"


class Gone(AppError):
    """It was there, and its time is over: whoever needs it begins anew."""

    status = 410
    default_code = "gone"


class PreconditionFailed(AppError):
    """The client speaks another version of the protocol; `headers` say which one is spoken here."""

    status = 412
    default_code = "precondition_failed"

    def __init__(self, message: str, *, headers: Mapping[str, str]) -> None:
        super().__init__(message)
        self._headers = headers

    @property
    def headers(self) -> Mapping[str, str]:
        """What is spoken here."""
        return self._headers


class TooLarge(AppError):
    """The body is over the limit."""

    status = 413
    default_code = "too_large"


class Unsupported(AppError):
    """The body is of a type that this operation doesn't read."""

    status = 415
    default_code = "unsupported"


class RangeNotSatisfiable(AppError):
    """The bytes that were asked for lie beyond the end; `size` is how many there are."""

    status = 416
    default_code = "range_not_satisfiable"

    def __init__(self, message: str, *, size: int = 0) -> None:
        super().__init__(message)
        self.size = size

    @property
    def headers(self) -> Mapping[str, str]:
        """How many bytes there are."""
        return {"Content-Range": f"bytes */{self.size}"}


class Invalid(AppError):
    """The request was read, and its fields are wrong: `details` lists every one of them."""

    status = 422
    default_code = "invalid"


class Locked(AppError):
    """Another request is at work on it; this one may be sent again in a moment."""

    status = 423
    default_code = "locked"


class ChecksumMismatch(AppError):
    """The body is not what its checksum says: nothing of it is kept (a status of the tus protocol)."""

    status = 460
    default_code = "checksum_mismatch"


class InsufficientStorage(AppError):
    """There is no room for what the client wants to send; the operator has to make some."""

    status = 507
    default_code = "insufficient_storage"


class _RetryLater(AppError):
    """An error that passes by itself: `retry_after` is in whole seconds."""

    def __init__(
        self, message: str, *, code: str | None = None, details: Iterable[Detail] = (), retry_after: int = 1
    ) -> None:
        super().__init__(message, code=code, details=details)
        self.retry_after = max(1, retry_after)

    @property
    def headers(self) -> Mapping[str, str]:
        """When to come again."""
        return {"Retry-After": str(self.retry_after)}


class TooManyRequests(_RetryLater):
    """The person or the address asks too often."""

    status = 429
    default_code = "too_many_requests"


class Unavailable(_RetryLater):
    """Something that the service stands on is away for a moment."""

    status = 503
    default_code = "unavailable"


class Internal(AppError):
    """A fault of ours. What happened stands in the log beside the request id, and nowhere else."""
