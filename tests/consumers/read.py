# SPDX-License-Identifier: MIT
"""
Reads the records of a file as a program would, by the library that is named,
and prints of each its number, a tab and its body as JSON.

    python read.py NAME FILE
    python read.py Spark FILE...
"""
import json
import sys


def plain(value):
    """What a data frame makes of JSON, less members that other rows have."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()
                if one is not None}
    if hasattr(value, "asDict"):
        return plain(value.asDict())
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


def show(seq, body):
    print("%s\t%s" % (seq, body if isinstance(body, Text) else
                      json.dumps(plain(body), ensure_ascii=True)))


class Text(str):
    """JSON already."""


def python_json(path):
    for line in open(path):
        record = json.loads(line)
        show(record["seq"], record["body"])


def orjson(path):
    import orjson
    for line in open(path, "rb"):
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        show(record["seq"], Text(orjson.dumps(record["body"]).decode()))


def pandas(path):
    import pandas
    frame = pandas.read_json(path, lines=True, dtype=False)
    for row in frame.itertuples():
        show(row.seq, row.body)


def polars(path):
    import polars
    for row in polars.read_ndjson(path).iter_rows(named=True):
        show(row["seq"], row["body"])


def pyarrow(path):
    from pyarrow import json as reader
    options = reader.ReadOptions(block_size=16 << 20)
    for row in reader.read_json(path, read_options=options).to_pylist():
        show(row["seq"], row["body"])


def duckdb(path):
    import duckdb
    for seq, body in duckdb.connect().execute(
            "select seq, body from read_ndjson('%s')" % path).fetchall():
        is_json = isinstance(body, str) and body[:1] in '{["' and \
            '"body":"' not in open(path).readline()
        show(seq, Text(body) if is_json else body)


def duckdb_columns(path):
    import duckdb
    for seq, body in duckdb.connect().execute(
            "select seq, body from read_ndjson('%s', columns = "
            "{seq: 'BIGINT', body: 'JSON'})" % path).fetchall():
        show(seq, Text(body))


def chdb(path, structure="", body="toJSONString(body)"):
    import chdb
    said = chdb.query("select seq, %s from file('%s', 'JSONEachRow'%s)" % (
        body, path, structure), "JSONCompactEachRow")
    for line in str(said).splitlines():
        seq, body = json.loads(line)
        show(seq, json.loads(body))


def chdb_structure(path):
    import chdb
    said = chdb.query("select seq, body from file('%s', 'JSONEachRow', "
                      "'seq UInt64, body String')" % path,
                      "JSONCompactEachRow")
    with open(path) as file:
        is_string = '"body":"' in file.readline()
    for line in str(said).splitlines():
        seq, body = json.loads(line)
        show(seq, body if is_string else Text(body))


def libjq(path):
    import jq
    program = jq.compile(r'"\(.seq)\t\(.body | tojson)"')
    with open(path) as file:
        for line in program.input(text=file.read()):
            print(line)


def spark(*paths):
    """Before the rows of each file a line that names it; FAILED, if so."""
    import pyspark.sql
    session = pyspark.sql.SparkSession.builder.master("local[1]").config(
        "spark.ui.enabled", "false").config(
            "spark.driver.host", "127.0.0.1").config(
                "spark.driver.bindAddress", "127.0.0.1").getOrCreate()
    for path in paths:
        print("FILE\t" + path)
        try:
            for row in session.read.json(path).collect():
                show(row["seq"], row["body"])
        except Exception:
            print("FAILED")


def sqlite(path):
    import sqlite3
    base = sqlite3.connect(":memory:")
    base.execute("create table r(j)")
    base.executemany("insert into r values(?)", ([line] for line in open(path)))
    for seq, body in base.execute("select json_extract(j, '$.seq'), "
                                  "json(j) from r"):
        start = body.index('"body":') + 7
        show(seq, Text(body[start:-1]))


READERS = {
    "Python json": python_json, "orjson": orjson, "pandas": pandas,
    "polars": polars, "pyarrow": pyarrow, "DuckDB": duckdb,
    "DuckDB, columns": duckdb_columns, "chDB": chdb,
    "chDB, structure": chdb_structure, "libjq 1.7": libjq,
    "libjq 1.8": libjq, "Spark": spark,
    "SQLite, json_extract": sqlite,
}
sys.setrecursionlimit(5000)
READERS[sys.argv[1]](*sys.argv[2:])
