"""The queue of one lane worker: every account has its turn, however much another one sends."""

from __future__ import annotations

from collections import deque
from collections.abc import Set as AbstractSet
from typing import Final, Generic, TypeVar

T = TypeVar("T")

ACCOUNT_SHARE_MAX: Final = 32
"""So many writes of one account go into a batch that others share."""
REFUSED_SHARE_MAX: Final = 8
"""The same for an account whose last writes were all refused: asking again earns it nothing."""


class FairQueue(Generic[T]):
    """First come, first served within an account; accounts take turns.

    Writes that belong to no account (None) have no limit.
    """

    def __init__(self) -> None:
        self._waiting: dict[int | None, deque[T]] = {}
        self._count = 0
        self._refused: AbstractSet[int | None] = frozenset()

    def __len__(self) -> int:
        """Count what waits."""
        return self._count

    def push(self, account_id: int | None, item: T) -> None:
        """Let an item wait."""
        waiting = self._waiting.get(account_id)
        if waiting is None:
            waiting = self._waiting[account_id] = deque()
        waiting.append(item)
        self._count += 1

    @property
    def has_refused(self) -> bool:
        """Whether any account waits behind the others."""
        return bool(self._refused)

    def note(self, account_ids: AbstractSet[int | None], refused: AbstractSet[int]) -> None:
        """Remember which of the accounts of a batch were refused everything."""
        self._refused = (self._refused - account_ids) | refused

    def take(self, most: int) -> list[T]:
        """Take up to `most` items; whoever was not served fully is first the next time."""
        if len(self._waiting) == 1:
            account_id = next(iter(self._waiting))
            # Even alone it gets a small batch: the others may be back in a moment.
            share = self._share(account_id) if account_id in self._refused else most
            return self._take_all_from(account_id, min(most, share))
        taken: list[T] = []
        for account_id in list(self._waiting):
            room = most - len(taken)
            if room <= 0:
                break
            taken += self._take_all_from(account_id, min(room, self._share(account_id)))
            if account_id in self._waiting:
                # To the end of the row: the others come first next time.
                self._waiting[account_id] = self._waiting.pop(account_id)
        return taken

    def _share(self, account_id: int | None) -> int:
        if account_id is None:
            return self._count
        return REFUSED_SHARE_MAX if account_id in self._refused else ACCOUNT_SHARE_MAX

    def _take_all_from(self, account_id: int | None, most: int) -> list[T]:
        waiting = self._waiting[account_id]
        if len(waiting) <= most:
            del self._waiting[account_id]
            self._count -= len(waiting)
            return list(waiting)
        self._count -= most
        return [waiting.popleft() for _ in range(most)]
