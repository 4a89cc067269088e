"""The rounds of a comparison in Python, in which all sides run under the same conditions."""

import statistics
import time


def timed(work, *arguments):
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - start


def alternate(sides, rounds, warm_up=True):
    """Measure each side once in each round, in alternating order. Return the results of each side
    by name.

    A side is a function that measures itself and returns the result. The first round may warm up;
    it is not counted.
    """
    results = {name: [] for name in sides}
    for number in range(-1 if warm_up else 0, rounds):
        for name, side in list(sides.items())[:: 1 if number % 2 else -1]:
            result = side()
            if number >= 0:
                results[name].append(result)
    return results


def median_ratio(numerators, denominators):
    """Return the median of the ratios of the rounds."""
    return statistics.median(a / b for a, b in zip(numerators, denominators))


def verdict(is_kept):
    return "ok" if is_kept else "MISSED"
