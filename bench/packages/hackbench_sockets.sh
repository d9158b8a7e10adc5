# sockets between processes: 40 of them, each message to each of 20
package hackbench -g 1 -f 20 -l $((70 * SCALE / 100 + 1)) >out && sed '/^Time/d' out
