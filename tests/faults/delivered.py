"""What is promised of messages, held against what WeChat's stub was asked and what it delivered."""

from collections import Counter
from typing import Any

from backend.deps import Deps
from tests.wechat_stub import Stub


def _key(message: dict[str, Any]) -> tuple[str, str]:
    return message["touser"], message["data"]["thing3"]["value"]


async def check(deps: Deps, stub: Stub, messages: int) -> "Counter[str]":
    """None is lost, none is sent twice but by the rule of the resend, each person's in order; gives what there was."""
    got, asked = Counter(map(_key, stub.messages)), {_key(call) for call in stub.asked("send")}
    openids = {row["_id"]: row["wechat"]["openid"] async for row in deps.db.people.find({"wechat": {"$ne": None}})}
    rows: list[dict[str, Any]] = await deps.db.outbox.find().to_list(None)
    assert len(rows) == messages
    refused: Counter[str] = Counter()
    for row in rows:
        key = (openids[row["person_id"]], row["values"]["reason"])
        if row["state"] == "dead":
            # Its resend was cut off like its first attempt.
            assert (row["resend"], row["last_error"]) == (True, "no_answer")
        elif row["state"] in ("refused", "no_quota"):
            # Only because something before it was delivered twice.
            refused[key[0]] += 1
        else:
            assert row["state"] == "sent"
            if not got[key]:
                # Cut off before the call, and WeChat refused its resend for want of an accept: that counts as sent, by
                # the rule. It can only be because something before it was delivered twice.
                assert row["resend"], f"lost: {key}"
                assert key in asked, f"lost: {key}"
                assert row["message_ids"] == []
                refused[key[0]] += 1
        assert got[key] <= (2 if row["resend"] else 1), f"sent too often: {key}"
    for person, count in refused.items():
        assert count <= sum(times - 1 for (openid, _), times in got.items() if openid == person)
    assert stub.overlaps == 0
    _check_order(stub)
    return Counter(
        messages=len(rows),
        resends=sum(row["resend"] for row in rows),
        twice=sum(count - 1 for count in got.values()),
        dead=sum(row["state"] == "dead" for row in rows),
    )


def _check_order(stub: Stub) -> None:
    """Each person got the first delivery of each message in the order in which they were written."""
    by_person: dict[str, list[str]] = {}
    for message in stub.messages:
        openid, reason = _key(message)
        by_person.setdefault(openid, []).append(reason)
    for reasons in by_person.values():
        first_times = list(dict.fromkeys(reasons))
        assert first_times == sorted(first_times)
