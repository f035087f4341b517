# SPDX-License-Identifier: Apache-2.0
"""Arrays that refuse to meet NumPy's own, as arrays on a device do.

They catch, without a device, code that mixes host and device arrays or leaves the
protocols by which NumPy functions reach other array modules.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

# What methods of NumPy's arrays take and those of CuPy's do not.
_REFUSED = {"initial", "where"}


class ForeignArray(NDArrayOperatorsMixin):
    """An array that takes part only with its own kind and with plain numbers."""

    def __init__(self, host: np.ndarray) -> None:
        self.host = host

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        msg = "implicit copy of a device array to the host"
        raise TypeError(msg)

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any
    ) -> Any:
        out = kwargs.pop("out", None)
        if out is not None:
            kwargs["out"] = tuple(_inside(array) for array in out)
        made = getattr(ufunc, method)(*(_inside(x) for x in inputs), **kwargs)
        return out[0] if out is not None else _outside(made)

    def __array_function__(
        self, func: Any, types: Any, args: Any, kwargs: dict[str, Any]
    ) -> Any:
        if kwargs.pop("like", None) is not None or func in (np.asarray, np.array):
            # `like=` is the door through which host arrays may come in.
            kwargs.pop("like", None)
            args = [a.host if isinstance(a, ForeignArray) else a for a in args]
            return ForeignArray(np.array(*args, **kwargs))
        return _outside(func(*_walk(args), **_walk(kwargs)))

    def __getitem__(self, key: Any) -> Any:
        return _outside(self.host[_walk(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        self.host[_walk(key)] = _inside(value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            # No buffer or interface by which NumPy could read it unasked.
            raise AttributeError(name)
        found = getattr(self.host, name)
        if not callable(found):
            return _outside(found)

        def method(*args: Any, **kwargs: Any) -> Any:
            refused = _REFUSED & kwargs.keys()
            if refused:
                msg = f"{name}() got an unexpected keyword argument {min(refused)!r}"
                raise TypeError(msg)
            return _outside(found(*_walk(args), **_walk(kwargs)))

        return method

    def __bool__(self) -> bool:
        return bool(self.host)

    def __int__(self) -> int:
        return int(self.host)

    def __float__(self) -> float:
        return float(self.host)

    def __len__(self) -> int:
        return len(self.host)


def _inside(value: Any) -> Any:
    """The host array behind a foreign one; host arrays are not let in."""
    if isinstance(value, ForeignArray):
        return value.host
    if isinstance(value, np.ndarray) and value.ndim > 0:
        msg = f"host array of shape {value.shape} meets a device array"
        raise TypeError(msg)
    return value


def _outside(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return ForeignArray(np.asarray(value))
    if isinstance(value, tuple | list) and not isinstance(value, str):
        return type(value)(_outside(v) for v in value) if _has_array(value) else value
    return value


def _has_array(values: Any) -> bool:
    return any(isinstance(v, np.ndarray | np.generic) for v in values)


def _walk(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_walk(v) for v in value)
    if isinstance(value, list):
        return [_walk(v) for v in value]
    if isinstance(value, dict):
        return {k: _walk(v) for k, v in value.items()}
    return _inside(value)


def _made(make: Any) -> Any:
    def there(*args: Any, **kwargs: Any) -> ForeignArray:
        here = [a.host if isinstance(a, ForeignArray) else a for a in args]
        return ForeignArray(make(*here, **kwargs))

    return there


def _asnumpy(array: ForeignArray, order: Any = "C") -> np.ndarray:
    if not isinstance(array, ForeignArray):
        msg = "not a device array"
        raise TypeError(msg)
    return array.host.copy(order)


FOREIGN = SimpleNamespace(
    asarray=_made(np.asarray),
    zeros=_made(np.zeros),
    empty=_made(lambda n: np.full(n, np.nan)),
    arange=_made(np.arange),
    asnumpy=_asnumpy,
)
"""An array module of foreign arrays, with the doors that CuPy has."""
