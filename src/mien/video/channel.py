"""Passing items from one thread to another: bounded, and never waiting for ever."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Ended(Exception):  # noqa: N818 - not an error: the sender has nothing more
    """Nothing more will come."""


class Channel(Generic[Item]):
    """A queue between two threads that holds ``capacity`` items at most.

    Args:
        join: None makes a full channel's sender wait. Else the newest item wins: it takes the place of the oldest one,
            after ``join(oldest, newest)`` has moved over what must not be lost.
    """

    def __init__(self, capacity: int, join: Callable[[Item, Item], Item] | None = None) -> None:
        self._capacity, self._join = capacity, join
        self._items: deque[Item] = deque()
        self._changed = threading.Condition()
        self._is_ended = False
        self._is_closed = False
        self._error: BaseException | None = None

    def put(self, item: Item, timeout_s: float | None = None) -> bool:
        """Add an item; return False when the receiver wants no more.

        Raises:
            TimeoutError: the receiver took nothing in time.
        """
        with self._changed:
            if self._join is not None and len(self._items) >= self._capacity:
                item = self._join(self._items.popleft(), item)
            if not self._changed.wait_for(lambda: len(self._items) < self._capacity or self._is_closed, timeout_s):
                raise TimeoutError
            if self._is_closed:
                return False
            self._items.append(item)
            self._changed.notify_all()
            return True

    def get(self, timeout_s: float | None = None) -> Item:
        """Return the oldest item.

        Raises:
            Ended: the sender is done and all items are taken.
            TimeoutError: nothing came in time.
            BaseException: what the sender ended with.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._items or self._is_ended or self._is_closed, timeout_s):
                raise TimeoutError
            if self._items:
                item = self._items.popleft()
                self._changed.notify_all()
                return item
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            raise Ended

    def end(self, error: BaseException | None = None) -> None:
        """Say that nothing more comes, and why where it is an error; items that wait can still be taken."""
        with self._changed:
            if not self._is_ended:
                self._is_ended, self._error = True, error
            self._changed.notify_all()

    def close(self) -> None:
        """Say that no more is wanted: drop what waits, and let a waiting sender go."""
        with self._changed:
            self._is_closed = True
            self._items.clear()
            self._changed.notify_all()
