# SPDX-License-Identifier: MIT
"""
scenarios: the list of what is measured. A scenario is a function of a Bench,
in one of the rooms that the README names, with @scenario above it. It hands
its figures to bench.figure() as it gets them, and keeps what else is worth
having in bench.keep(), which goes to the JSON only.

Its docstring's first line is what --list shows. Sizes come from bench.size(),
which knows --quick. All traffic stays on loopback.
"""
SCENARIOS = {}
ON_REQUEST = set()  # those that run only when they are named


def scenario(function):
    SCENARIOS[function.__name__] = function
    return function


def on_request(function):
    ON_REQUEST.add(function.__name__)
    return scenario(function)


def us(seconds):
    return seconds * 1e6
