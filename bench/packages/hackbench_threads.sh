# pipes between threads: 40 of them, each message to each of 20
package hackbench -p -T -g 1 -f 20 -l $((120 * SCALE / 100 + 1)) >out && sed '/^Time/d' out
