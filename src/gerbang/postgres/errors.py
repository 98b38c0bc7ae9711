"""The database errors that other packages tell apart, so that only this package knows the driver.

PostgreSQL's own names are kept.
"""

from __future__ import annotations

from typing import Final

from asyncpg.exceptions import (
    AdminShutdownError,
    CannotConnectNowError,
    CrashShutdownError,
    DatabaseDroppedError,
    IdleInTransactionSessionTimeoutError,
    InterfaceError,
    PostgresConnectionError,
)
from asyncpg.exceptions import CheckViolationError as CheckViolation
from asyncpg.exceptions import DataError as DataError  # noqa: PLC0414 - re-exported
from asyncpg.exceptions import DeadlockDetectedError as DeadlockDetected
from asyncpg.exceptions import ForeignKeyViolationError as ForeignKeyViolation
from asyncpg.exceptions import IntegrityConstraintViolationError as IntegrityViolation
from asyncpg.exceptions import InvalidParameterValueError as InvalidParameterValue
from asyncpg.exceptions import LockNotAvailableError as LockNotAvailable
from asyncpg.exceptions import PostgresError as PostgresError  # noqa: PLC0414 - re-exported
from asyncpg.exceptions import QueryCanceledError as QueryCanceled
from asyncpg.exceptions import RaiseError as RaiseException
from asyncpg.exceptions import SerializationError as SerializationFailure
from asyncpg.exceptions import StatementTooComplexError as StatementTooComplex
from asyncpg.exceptions import UniqueViolationError as UniqueViolation

__all__ = [
    "CannotConnectNow",
    "CheckViolation",
    "ConnectionLost",
    "DataError",
    "DeadlockDetected",
    "ForeignKeyViolation",
    "IntegrityViolation",
    "InterfaceError",
    "InvalidParameterValue",
    "LockNotAvailable",
    "PostgresConnectionError",
    "PostgresError",
    "QueryCanceled",
    "RaiseException",
    "SerializationFailure",
    "ServerTooOldError",
    "StatementTooComplex",
    "UniqueViolation",
    "is_connection_lost",
]

CannotConnectNow: Final = CannotConnectNowError

ConnectionLost: Final = (
    PostgresConnectionError,
    AdminShutdownError,
    CrashShutdownError,
    CannotConnectNowError,
    DatabaseDroppedError,
    IdleInTransactionSessionTimeoutError,
    ConnectionError,
)
"""For ``except ConnectionLost``. Using a connection that was closed *before* the call raises the
driver's InterfaceError instead, which also means wrong use: `is_connection_lost` tells them apart.
"""


class ServerTooOldError(Exception):
    """The PostgreSQL server is older than Gerbang supports."""

    def __init__(self, found: int, needed: int) -> None:
        """Say both versions."""
        super().__init__(
            f"the database server is PostgreSQL {found}; Gerbang needs {needed} or newer"
        )
        self.found = found
        self.needed = needed


def is_connection_lost(error: BaseException) -> bool:
    """Tell whether an error means that the connection is gone, whatever became of the statement."""
    if isinstance(error, ConnectionLost):
        return True
    return isinstance(error, InterfaceError) and "clos" in str(error)
