# a table, an index and queries in memory
package sqlite3 -batch :memory: "
    create table t(a integer, b integer, c text);
    with recursive n(x) as (select 1 union all select x + 1 from n where x < $((700 * SCALE)))
        insert into t select x, x * x % 977, 'name ' || x % 101 from n;
    create index i on t(b);
    select b, count(*), sum(a) from t group by b order by 2 desc, 1 limit 9;
    select c, max(a), min(b) from t where b between 100 and 300 and c like '%7%' group by c order by 2 limit 9;
    select count(*), sum(x.a % 7) from t x join t y on x.b = y.b where y.a < $SCALE;"
