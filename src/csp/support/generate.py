#!/usr/bin/env python3
"""Writes data.rs from MDN's compatibility data (npm package @mdn/browser-compat-data, CC0).

    npm pack @mdn/browser-compat-data && tar xzf mdn-browser-compat-data-*.tgz
    python3 src/csp/support/generate.py package/data.json > src/csp/support/data.rs
"""

import json
import sys

# In the order of `Browser::ALL`.
BROWSERS = ["chrome", "firefox", "safari", "edge", "safari_ios", "chrome_android", "firefox_android"]

# Where a keyword stands in the data.
KEYWORDS = {
    "'inline-speculation-rules'": ["script-src", "inline-speculation-rules"],
    "'strict-dynamic'": ["strict-dynamic"],
    "'trusted-types-eval'": ["script-src", "trusted-types-eval"],
    "'unsafe-hashes'": ["unsafe-hashes"],
    "'wasm-unsafe-eval'": ["script-src", "wasm-unsafe-eval"],
}

# What stands among the directives and is none. 'report-sample' allows nothing, so it is missed by nobody.
NO_DIRECTIVES = {"meta-element-support", "report-sample", "strict-dynamic", "unsafe-hashes", "worker_support"}


def version(text):
    major, _, minor = text.lstrip("≤").partition(".")
    return int(major), int(minor.partition(".")[0] or 0)


def shown(pair):
    return f"({pair[0]}, {pair[1]})"


def support(data, browser, statements):
    """One browser's cell of one row."""
    statements = statements if isinstance(statements, list) else [statements]
    plain = [s for s in statements if s["version_added"] and "flags" not in s and "alternative_name" not in s]
    whole = [s for s in plain if not s.get("partial_implementation")]
    partly = [s for s in plain if s.get("partial_implementation")]
    if not whole:
        return "NEVER"
    since = version(whole[0]["version_added"])
    releases = sorted(version(release) for release in data["browsers"][browser]["releases"])
    before = max((release for release in releases if release < since), default=since)
    if removed := whole[0].get("version_removed"):
        return f"until({shown(since)}, {shown(before)}, {shown(version(removed))})"
    if partly:
        return f"partly({shown(since)}, {shown(before)}, {shown(version(partly[0]['version_added']))})"
    return f"since({shown(since)}, {shown(before)})"


def rows(data):
    header = data["http"]["headers"]["Content-Security-Policy"]
    found = {name: node for name, node in header.items() if name != "__compat" and name not in NO_DIRECTIVES}
    for keyword, path in KEYWORDS.items():
        node = header
        for step in path:
            node = node[step]
        found[keyword] = node
    return sorted(found.items())


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        data = json.load(file)
    print("//! Which browser knows which directive and keyword: MDN's compatibility data, whose licence is CC0.")
    print("//!")
    print("//! Made by `generate.py`; not to be edited by hand.")
    print()
    print("use super::{NEVER, Support, partly, row, since, until};")
    print()
    print("/// The version of the data.")
    print(f'pub const VERSION: &str = "{data["__meta"]["version"]}";')
    print()
    print("/// Directives and source keywords, ordered by name.")
    print("#[rustfmt::skip]")
    print("pub static FEATURES: &[Support] = &[")
    for name, node in rows(data):
        print(f'    row("{name}", [')
        for browser in BROWSERS:
            print(f"        {support(data, browser, node['__compat']['support'][browser])},")
        print("    ]),")
    print("];")


main()
