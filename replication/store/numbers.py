"""How numbers are written in tables and on pages: each kind of number in one form.

Where there is no number, '-' says that it does not apply (the paper has none either) and
'not measured' that nobody measured it.
"""

import math
from collections.abc import Callable

DOES_NOT_APPLY = "-"
NOT_MEASURED = "not measured"
VARIATION = "CV*, the unbiased coefficient of variation (Belz, Popovic and Mille 2022)"

Write = Callable[[float], str]


def write_percent(fraction: float, digits: int = 2) -> str:
    """Write a fraction in percent, without the sign: 0.9324 as 93.24."""
    return f"{100 * fraction:.{digits}f}"


def write_points(difference: float) -> str:
    """Write a difference of fractions in percentage points: +3.21."""
    return f"{100 * difference:+.2f}"


def write_interval(value: float, low: float, high: float, write: Write = write_percent) -> str:
    """Write a number with its interval: 72.50 (60.00 to 80.00)."""
    return f"{write(value)} ({write(low)} to {write(high)})"


def write_or_absent(
    value: float | None, write: Write = write_percent, absent: str = NOT_MEASURED
) -> str:
    """Write a number, or what stands in the place of None and NaN."""
    return absent if value is None or math.isnan(value) else write(value)
