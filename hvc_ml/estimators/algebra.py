"""Linear algebra on one thread: our systems have a dozen unknowns.

Threads that wait for each other would cost more than they bring, most of all beside other jobs, and sums in another
order would give other last bits.
"""

from typing import Any

from threadpoolctl import threadpool_limits


def one_thread() -> Any:
    """A context, or a decorator of functions, within which BLAS stays on the caller's thread.

    Examples
    --------
    >>> with one_thread():
    ...     2 + 2
    4
    """
    return threadpool_limits(limits=1, user_api="blas")
