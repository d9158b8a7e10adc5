# a database in a file: a transaction for each insertion
rm -f data.db
i=0; while [ $i -lt $((12 * SCALE)) ]; do
    echo "insert into t values($i, 'line $i');"
i=$((i + 1)); done >insert.sql
{ echo "create table t(a integer primary key, b text);"; cat insert.sql; echo "select count(*), sum(a), max(b) from t;"; } |
    package sqlite3 -batch data.db
