/* host_check.h - the host's side of the bargain. */
#ifndef MONITOR_HOST_CHECK_H
#define MONITOR_HOST_CHECK_H

/* NULL, or one malloc'ed line that says what is missing and what to do. */
char *monitor_check_host(void);

#endif
