"""Frozen dataclasses from decoded JSON, by their type hints: every field named, every value of the type that its hint says."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from motifnet.bundle._errors import BundleError

T = TypeVar("T")


def plain(value: Any) -> Any:
    """Dataclasses as dicts, at any depth; everything else as it is (`dataclasses.asdict` would copy arrays and networks)."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def build(kind: type[T], data: Any, where: str) -> T:
    """An object of a dataclass from the dict of its fields."""
    hints = typing.get_type_hints(kind)
    names = [field.name for field in fields(kind) if field.init]  # type: ignore[arg-type]
    if not isinstance(data, dict) or set(data) != set(names):
        raise BundleError(f"{where} has fields {_shown(data)}, expected {names}.")
    try:
        return kind(**{name: typed(hints[name], data[name], f"{where}.{name}") for name in names})
    except BundleError:
        raise
    except Exception as error:
        raise BundleError(f"{where} cannot be built ({type(error).__name__}: {error}).") from error


def typed(hint: Any, data: Any, where: str) -> Any:
    """The value where it is of the type that the hint names; BundleError where not."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return data
    if origin in (typing.Union, types.UnionType):
        return _first_fit(args, data, where)
    if origin is typing.Literal:
        return _checked(data, any(data == a and type(data) is type(a) for a in args), hint, where)
    if origin in (tuple, list):
        return _sequence(origin, args, _checked(data, isinstance(data, list), hint, where), where)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: typed(args[1], item, f"{where}.{key}") for key, item in _checked(data, isinstance(data, dict), hint, where).items()}
    if is_dataclass(hint) and not isinstance(data, typing.cast(type, hint)):
        return build(typing.cast(type, hint), data, where)
    if hint is float:
        return _number(_checked(data, isinstance(data, int | float) and not isinstance(data, bool), hint, where), where)
    if hint is None or hint is types.NoneType:
        return _checked(data, data is None, hint, where)
    kind = origin or hint
    if not isinstance(kind, type):
        return data
    return _checked(data, isinstance(data, kind) and not (kind is int and isinstance(data, bool)), hint, where)


def _number(data: int | float, where: str) -> float:
    try:
        return float(data)
    except OverflowError as error:
        raise BundleError(f"{where} is a whole number of {data.bit_length() if isinstance(data, int) else 0} bits, beyond any float.") from error


def _first_fit(options: tuple[Any, ...], data: Any, where: str) -> Any:
    exact = [option for option in options if option is type(data)]  # int | float: 1 stays an int
    for option in [*exact, *options]:
        try:
            return typed(option, data, where)
        except BundleError:
            continue
    raise BundleError(f"{where} is {_shown(data)}, expected one of {options}.")


def _sequence(kind: Any, args: tuple[Any, ...], data: list[Any], where: str) -> Any:
    if kind is list or (len(args) == 2 and args[1] is Ellipsis):
        return kind(typed(args[0], item, f"{where}[{i}]") for i, item in enumerate(data))
    if len(args) != len(data):
        raise BundleError(f"{where} has {len(data)} entries, expected {len(args)}.")
    return tuple(typed(hint, item, f"{where}[{i}]") for i, (hint, item) in enumerate(zip(args, data, strict=True)))


def _checked(data: Any, right: bool, hint: Any, where: str) -> Any:
    if not right:
        raise BundleError(f"{where} is {_shown(data)}, expected {getattr(hint, '__name__', hint)}.")
    return data


def _shown(data: Any) -> str:
    return repr(sorted(data)[:20] if isinstance(data, dict) else data)[:200]
