/* Stands between a process and its disk (LD_PRELOAD): counts the calls that change what lies below
 * a place, and at the n-th of them kills the process, tears the write, stops it, lets the call
 * fail, or goes on and logs.  HDF5's own calls pass through here as Python's do.
 *
 * It sleeps until `torture_arm` is called, in the process that is to suffer.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { OPEN = 1, WRITE = 2, FSYNC = 4, RENAME = 8, MKDIR = 16, UNLINK = 32, TRUNCATE = 64, READ = 128, SYNC = 256 };
enum { COUNT, BEFORE, AFTER, TORN, FAIL, STOP };

static int armed, action, error_number, kinds, last, log_file = -1;
static long at;
static volatile long *seen;
static char place[4096], needle[256];
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static double shift, shift_monotonic;

/* The calls number `n` to `to` (counted below `where`, of paths that hold `part`, of these kinds)
 * suffer `what`; `counter` is told how many there were, `log` gets each with its data. */
void torture_arm(const char *where, const char *part, int of, long n, long to, int what, int number,
                 long *counter, int log)
{
    strncpy(place, where, sizeof place - 1);
    strncpy(needle, part, sizeof needle - 1);
    kinds = of, at = n, last = to > 0x7fffffff ? 0x7fffffff : (int)to;
    action = what, error_number = number, seen = counter, log_file = log, armed = 1;
}

/* The clocks of this process from now on: seconds added to the wall clock, and to the other. */
void torture_clock(double wall, double monotonic) { shift = wall, shift_monotonic = monotonic; }

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

#define REAL(type, name, ...)                                                                      \
    static type (*real)(__VA_ARGS__);                                                              \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static void whole(int folder, const char *path, char *out)
{
    char link[64];
    out[0] = 0;
    if (path[0] != '/') {
        ssize_t n = -1;
        if (folder == AT_FDCWD) n = readlink("/proc/self/cwd", out, 4000);
        else {
            snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
            n = readlink(link, out, 4000);
        }
        if (n < 0) n = 0;
        out[n] = '/', out[n + 1] = 0;
    }
    strncat(out, path, 4095 - strlen(out));
}

static void of_file(int file, char *out)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t n = readlink(link, out, 4095);
    out[n < 0 ? 0 : n] = 0;
}

/* What to do with a call: -1 not ours, else an action (COUNT: as it is). */
static int gate(int kind, const char *path, const char *other)
{
    if (!armed) return -1;
    size_t n = strlen(place);
    int mine = !strncmp(path, place, n) && (path[n] == '/' || !path[n]);
    if (other) mine |= !strncmp(other, place, n);
    if (!mine || !(kinds & kind)) return -1;
    if (needle[0] && !strstr(path, needle) && !(other && strstr(other, needle))) return -1;
    long mark = __sync_add_and_fetch(seen, 1);
    if (mark < at || mark > last) return COUNT;
    if (action == BEFORE) die();
    if (action == STOP) {
        kill(getpid(), SIGSTOP);
        return COUNT;
    }
    return action;
}

static void note(int kind, const char *path, const char *other, int64_t offset, int64_t inode,
                 const void *data, int64_t size)
{
    int64_t head[7] = {kind, (int64_t)strlen(path), other ? (int64_t)strlen(other) : 0, offset, inode,
                       size, data ? size : 0};
    if (log_file < 0) return;
    syscall(SYS_write, log_file, head, sizeof head);
    syscall(SYS_write, log_file, path, head[1]);
    if (other) syscall(SYS_write, log_file, other, head[2]);
    if (data) syscall(SYS_write, log_file, data, size);
}

static int64_t inode_of(int file)
{
    struct stat found;
    return fstat(file, &found) ? -1 : (int64_t)found.st_ino;
}

static int64_t size_of(int file)
{
    struct stat found;
    return fstat(file, &found) ? -1 : (int64_t)found.st_size;
}

static int there(const char *path)
{
    struct stat found;
    return !lstat(path, &found);
}

/* -- opening */

static int opened(int folder, const char *path, int flags, mode_t mode)
{
    REAL(int, "openat64", int, const char *, int, ...);
    char full[4096];
    int write = (flags & (O_CREAT | O_TRUNC)) || (flags & O_ACCMODE) != O_RDONLY;
    if (!armed || (flags & O_TMPFILE) == O_TMPFILE) return real(folder, path, flags, mode);
    whole(folder, path, full);
    int what = gate(write ? OPEN : READ, full, NULL);
    if (what == FAIL) { errno = error_number; return -1; }
    if (what < 0 || !write) return real(folder, path, flags, mode);
    pthread_mutex_lock(&turn);
    int fresh = !there(full);
    int file = real(folder, path, flags, mode);
    if (file >= 0 && fresh) note(OPEN, full, NULL, 1, inode_of(file), NULL, 0);
    else if (file >= 0 && (flags & O_TRUNC)) note(TRUNCATE, full, NULL, 0, inode_of(file), NULL, 0);
    pthread_mutex_unlock(&turn);
    if (what == AFTER || what == TORN) die();
    return file;
}

#define MODE                                                                                       \
    mode_t mode = 0;                                                                               \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                           \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode = va_arg(more, mode_t);                                                               \
        va_end(more);                                                                              \
    }

int open(const char *path, int flags, ...) { MODE return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return opened(AT_FDCWD, path, flags, mode); }
int openat(int f, const char *path, int flags, ...) { MODE return opened(f, path, flags, mode); }
int openat64(int f, const char *path, int flags, ...) { MODE return opened(f, path, flags, mode); }
int __open_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int creat(const char *path, mode_t mode)
{
    return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* -- writing */

static ssize_t put(int file, const void *data, size_t size, off_t offset)
{
    char path[4096];
    int what = -1;
    if (armed && file > 2) {
        of_file(file, path);
        what = gate(WRITE, path, NULL);
    }
    if (what == FAIL) { errno = error_number; return -1; }
    if (what == TORN) size = (size + 1) / 2;
    if (what >= 0) pthread_mutex_lock(&turn);
    off_t begin = offset;
    if (what >= 0 && offset < 0) {
        int flags = fcntl(file, F_GETFL);
        begin = flags & O_APPEND ? size_of(file) : lseek(file, 0, SEEK_CUR);
    }
    ssize_t done = offset < 0 ? syscall(SYS_write, file, data, size)
                              : syscall(SYS_pwrite64, file, data, size, offset);
    if (what >= 0) {
        if (done > 0) note(WRITE, path, NULL, begin, inode_of(file), data, done);
        pthread_mutex_unlock(&turn);
        if (what == AFTER || what == TORN) die();
    }
    return done;
}

ssize_t write(int file, const void *data, size_t size) { return put(file, data, size, -1); }
ssize_t pwrite(int file, const void *data, size_t n, off_t to) { return put(file, data, n, to); }
ssize_t pwrite64(int file, const void *data, size_t n, off64_t to) { return put(file, data, n, to); }
ssize_t writev(int file, const struct iovec *parts, int count)
{
    ssize_t total = 0;
    for (int i = 0; i < count; i++) {
        ssize_t done = put(file, parts[i].iov_base, parts[i].iov_len, -1);
        if (done < 0) return total ? total : -1;
        total += done;
        if ((size_t)done < parts[i].iov_len) break;
    }
    return total;
}

static ssize_t got(int file, void *data, size_t size, off_t offset)
{
    char path[4096];
    if (armed && (kinds & READ) && file > 2) {
        of_file(file, path);
        if (gate(READ, path, NULL) == FAIL) { errno = error_number; return -1; }
    }
    return offset < 0 ? syscall(SYS_read, file, data, size)
                      : syscall(SYS_pread64, file, data, size, offset);
}

ssize_t read(int file, void *data, size_t size) { return got(file, data, size, -1); }
ssize_t pread(int file, void *data, size_t size, off_t from) { return got(file, data, size, from); }
ssize_t pread64(int file, void *data, size_t n, off64_t from) { return got(file, data, n, from); }

/* -- what has no data: do it, log it, die after it */

#define DONE(kind, path, other, offset, inode, call)                                               \
    if (what == FAIL) { errno = error_number; return -1; }                                         \
    if (what >= 0) pthread_mutex_lock(&turn);                                                      \
    int64_t node = what >= 0 ? (inode) : -1;                                                       \
    int done = (call);                                                                             \
    if (what >= 0) {                                                                               \
        int kept = errno;                                                                          \
        if (!done) note(kind, path, other, offset, node, NULL, 0);                                 \
        pthread_mutex_unlock(&turn);                                                               \
        if (what == AFTER || what == TORN) die();                                                  \
        errno = kept;                                                                              \
    }                                                                                              \
    return done

static int flushed(int file, int number)
{
    char path[4096] = "";
    if (armed) of_file(file, path);
    int what = gate(FSYNC, path, NULL);
    DONE(FSYNC, path, NULL, 0, inode_of(file), (int)syscall(number, file));
}

int fsync(int file) { return flushed(file, SYS_fsync); }
int fdatasync(int file) { return flushed(file, SYS_fdatasync); }

/* Of the whole file system; it counts where it is asked for by a file below the place. */
int syncfs(int file)
{
    char path[4096] = "";
    if (armed) of_file(file, path);
    int what = gate(SYNC, path, NULL);
    DONE(SYNC, path, NULL, 0, inode_of(file), (int)syscall(SYS_syncfs, file));
}

static int cut(int file, off_t size)
{
    char path[4096] = "";
    if (armed) of_file(file, path);
    int what = gate(TRUNCATE, path, NULL);
    DONE(TRUNCATE, path, NULL, size, inode_of(file), (int)syscall(SYS_ftruncate, file, size));
}

int ftruncate(int file, off_t size) { return cut(file, size); }
int ftruncate64(int file, off64_t size) { return cut(file, size); }

static int64_t inode_at(const char *path)
{
    struct stat found;
    return lstat(path, &found) ? -1 : (int64_t)found.st_ino;
}

static int cut_at(const char *path, off_t size)
{
    char full[4096] = "";
    if (armed) whole(AT_FDCWD, path, full);
    int what = gate(TRUNCATE, full, NULL);
    DONE(TRUNCATE, full, NULL, size, inode_at(full), (int)syscall(SYS_truncate, path, size));
}

int truncate(const char *path, off_t size) { return cut_at(path, size); }
int truncate64(const char *path, off64_t size) { return cut_at(path, size); }

static int moved(int a, const char *from, int b, const char *to, unsigned flags)
{
    char old[4096] = "", new[4096] = "";
    if (armed) whole(a, from, old), whole(b, to, new);
    int what = gate(RENAME, old, new);
    DONE(RENAME, old, new, 0, inode_at(old), (int)syscall(SYS_renameat2, a, from, b, to, flags));
}

int rename(const char *from, const char *to) { return moved(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int a, const char *from, int b, const char *to) { return moved(a, from, b, to, 0); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
    return moved(a, from, b, to, flags);
}

static int made(int folder, const char *path, mode_t mode)
{
    char full[4096] = "";
    if (armed) whole(folder, path, full);
    int what = gate(MKDIR, full, NULL);
    DONE(MKDIR, full, NULL, 0, 0, (int)syscall(SYS_mkdirat, folder, path, mode));
}

int mkdir(const char *path, mode_t mode) { return made(AT_FDCWD, path, mode); }
int mkdirat(int folder, const char *path, mode_t mode) { return made(folder, path, mode); }

static int removed(int folder, const char *path, int flags)
{
    char full[4096] = "";
    if (armed) whole(folder, path, full);
    int what = gate(UNLINK, full, NULL);
    DONE(UNLINK, full, NULL, 0, inode_at(full), (int)syscall(SYS_unlinkat, folder, path, flags));
}

int unlink(const char *path) { return removed(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return removed(AT_FDCWD, path, AT_REMOVEDIR); }
int unlinkat(int folder, const char *path, int flags) { return removed(folder, path, flags); }

/* -- the clocks */

int clock_gettime(clockid_t which, struct timespec *now)
{
    REAL(int, "clock_gettime", clockid_t, struct timespec *);
    int done = real(which, now);
    double by = which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE ? shift : shift_monotonic;
    if (by && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE || which == CLOCK_MONOTONIC)) {
        int64_t nanos = (int64_t)now->tv_sec * 1000000000 + now->tv_nsec + (int64_t)(by * 1e9);
        now->tv_sec = nanos / 1000000000, now->tv_nsec = nanos % 1000000000;
    }
    return done;
}
