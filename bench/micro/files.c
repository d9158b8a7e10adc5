/* files.c - files in the current directory, which should be a tmpfs. */
#define _GNU_SOURCE
#include "micro.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES = 64 * 4096, N_FILES = 64 };
static int file_fd;

/* A file of 256 KiB that everybody may read. */
void setup_file(void)
{
    char page[4096];
    memset(page, 'p', sizeof page);
    file_fd = open("bench-file", O_RDWR | O_CREAT | O_TRUNC, 0644);
    bench_require(file_fd >= 0);
    for (int i = 0; i < FILE_BYTES / 4096; i++)
        bench_require(write(file_fd, page, sizeof page) == (ssize_t)sizeof page);
}

/* A directory of 64 empty files. */
void setup_directory(void)
{
    char path[64];
    mkdir("bench-directory", 0755);
    for (int i = 0; i < N_FILES; i++) {
        snprintf(path, sizeof path, "bench-directory/file-%d", i);
        int fd = open(path, O_WRONLY | O_CREAT, 0644);
        bench_require(fd >= 0);
        close(fd);
    }
}

uint32_t micro_create_delete(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        int fd = open("bench-directory/new", O_WRONLY | O_CREAT | O_EXCL, 0644);
        bench_require(fd >= 0);
        bench_require(write(fd, "new", 3) == 3);
        bench_require(close(fd) == 0);
        bench_require(unlink("bench-directory/new") == 0);
    }
    return n;
}

uint32_t micro_rename(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        bench_require(rename("bench-directory/file-0", "bench-directory/renamed") == 0);
        bench_require(rename("bench-directory/renamed", "bench-directory/file-0") == 0);
    }
    return n;
}

uint32_t micro_read_4k(unsigned n)
{
    uint8_t page[4096];
    uint32_t sum = 0;
    for (unsigned i = 0; i < n; i++) {
        off_t offset = (off_t)(i % (FILE_BYTES / 4096)) * 4096;
        bench_require(pread(file_fd, page, sizeof page, offset) == (ssize_t)sizeof page);
        sum += page[i & 4095];
    }
    return sum;
}

uint32_t micro_write_4k(unsigned n)
{
    uint8_t page[4096];
    memset(page, 'w', sizeof page);
    for (unsigned i = 0; i < n; i++) {
        off_t offset = (off_t)(i % (FILE_BYTES / 4096)) * 4096;
        bench_require(pwrite(file_fd, page, sizeof page, offset) == (ssize_t)sizeof page);
    }
    return n;
}

uint32_t micro_read_directory(unsigned n)
{
    uint32_t n_seen = 0;
    for (unsigned i = 0; i < n; i++) {
        DIR *directory = opendir("bench-directory");
        bench_require(directory);
        while (readdir(directory))
            n_seen++;
        closedir(directory);
    }
    bench_require(n_seen == n * (N_FILES + 2));
    return n_seen;
}
