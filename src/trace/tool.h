/* tool.h - `plex86 trace`: prints a binary trace. */
#ifndef TRACE_TOOL_H
#define TRACE_TOOL_H

/* argv[0] is "trace". Prints to stdout; exit status 0, 1 (file), 2 (usage). */
int trace_tool(int argc, char **argv);

#endif
