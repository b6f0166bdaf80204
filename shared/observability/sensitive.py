"""A value that must never be printed."""

from typing import Generic, NoReturn, TypeVar

T = TypeVar("T")


class Sensitive(Generic[T]):
    """Wraps identity or a secret; printing, formatting and pickling it show or give away nothing.

    `reveal()` is the only way in, so that a search for it finds every place where the value is used.
    """

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} does not leave the process")


class Secret(Sensitive[T]):
    """A key, password or token."""
