/* Whole files, read with a bound and written all or nothing. */
#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void base_fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

enum galen_err base_file_read(struct base_buf *out, const char *path, size_t max_bytes,
                              struct galen_errinfo *info)
{
    bool standard_input = strcmp(path, "-") == 0;
    BASE_FD_AUTO opened = standard_input ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    const int fd = standard_input ? STDIN_FILENO : opened;
    if (fd < 0)
        return base_fail(info, errno == ENOENT ? GALEN_ERR_NOT_FOUND : GALEN_ERR_IO,
                         "cannot read %s: %s", path, strerror(errno));
    BASE_BUF_AUTO bytes = {0};
    for (;;) {
        if (base_buf_reserve(&bytes, 65536) != GALEN_OK)
            return base_fail(info, GALEN_ERR_NOMEM, "out of memory reading %s", path);
        ssize_t got = read(fd, bytes.data + bytes.len, 65536);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return base_fail(info, GALEN_ERR_IO, "cannot read %s: %s", path, strerror(errno));
        if (got == 0)
            break;
        bytes.len += (size_t)got;
        if (bytes.len > max_bytes)
            return base_fail(info, GALEN_ERR_LIMIT, "%s is larger than %zu bytes", path, max_bytes);
    }
    bytes.data[bytes.len] = 0;
    base_buf_move(out, &bytes);
    return GALEN_OK;
}

enum galen_err base_fd_write(int fd, const void *data, size_t len, struct galen_errinfo *info)
{
    const uint8_t *at = data;
    while (len > 0) {
        ssize_t put = write(fd, at, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return base_fail(info, GALEN_ERR_IO, "cannot write: %s", strerror(errno));
        at += put;
        len -= (size_t)put;
    }
    return GALEN_OK;
}

/* A rename is only durable once the folder that holds the name is on disk. */
enum galen_err base_dir_sync(const char *path, struct galen_errinfo *info)
{
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    BASE_FD_AUTO fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return base_fail(info, GALEN_ERR_IO, "cannot sync the folder of %s: %s", path,
                         strerror(errno));
    return GALEN_OK;
}

enum galen_err base_file_lock(int *fd, const char *path, bool wait, struct galen_errinfo *info)
{
    BASE_FD_AUTO opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (opened < 0)
        return base_fail(info, errno == ENOENT ? GALEN_ERR_NOT_FOUND : GALEN_ERR_IO,
                         "cannot write %s: %s", path, strerror(errno));
    while (flock(opened, wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return base_fail(info, GALEN_ERR_STATE, "another process has %s", path);
        if (errno != EINTR)
            return base_fail(info, GALEN_ERR_IO, "cannot lock %s: %s", path, strerror(errno));
    }
    *fd = opened;
    opened = -1;
    return GALEN_OK;
}

enum galen_err base_file_lock_at(int *fd, const char *path, int64_t at, struct galen_errinfo *info)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
    BASE_FD_AUTO opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (opened < 0)
        return base_fail(info, errno == ENOENT ? GALEN_ERR_NOT_FOUND : GALEN_ERR_IO,
                         "cannot write %s: %s", path, strerror(errno));
    if (fcntl(opened, F_OFD_SETLK, &lock) != 0) {
        if (errno == EAGAIN || errno == EACCES)
            return base_fail(info, GALEN_ERR_STATE, "another process has %s", path);
        return base_fail(info, GALEN_ERR_IO, "cannot lock %s: %s", path, strerror(errno));
    }
    *fd = opened;
    opened = -1;
    return GALEN_OK;
}

enum galen_err base_file_has_lock_at(bool *has, const char *path, int64_t at,
                                     struct galen_errinfo *info)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
    BASE_FD_AUTO opened = open(path, O_RDONLY | O_CLOEXEC);
    if (opened < 0 && errno != ENOENT)
        return base_fail(info, GALEN_ERR_IO, "cannot read %s: %s", path, strerror(errno));
    if (opened >= 0 && fcntl(opened, F_OFD_GETLK, &lock) != 0)
        return base_fail(info, GALEN_ERR_IO, "cannot look at %s: %s", path, strerror(errno));
    *has = opened >= 0 && lock.l_type != F_UNLCK;
    return GALEN_OK;
}

/* give: rename, or link, which fails where there is something. */
static enum galen_err write_file(const char *path, const void *data, size_t len, unsigned mode,
                                 int (*give)(const char *from, const char *to),
                                 struct galen_errinfo *info)
{
    char temporary[PATH_MAX];
    if ((size_t)snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= sizeof temporary)
        return base_fail(info, GALEN_ERR_USAGE, "path is too long");
    BASE_FD_AUTO fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return base_fail(info, GALEN_ERR_IO, "cannot write beside %s: %s", path, strerror(errno));
    bool done = fchmod(fd, mode) == 0 && base_fd_write(fd, data, len, NULL) == GALEN_OK &&
                fsync(fd) == 0 && give(temporary, path) == 0;
    int why = errno;
    if (!done || give == link)
        unlink(temporary);
    if (!done && give == link && why == EEXIST)
        return base_fail(info, GALEN_ERR_EXISTS, "%s is there already: nothing was written", path);
    if (!done)
        return base_fail(info, GALEN_ERR_IO, "cannot write %s: %s", path, strerror(why));
    return base_dir_sync(path, info);
}

enum galen_err base_file_write(const char *path, const void *data, size_t len, unsigned mode,
                               struct galen_errinfo *info)
{
    return write_file(path, data, len, mode, rename, info);
}

enum galen_err base_file_create(const char *path, const void *data, size_t len, unsigned mode,
                                struct galen_errinfo *info)
{
    return write_file(path, data, len, mode, link, info);
}

enum galen_err base_file_remove(const char *path, struct galen_errinfo *info)
{
    if (unlink(path) != 0)
        return base_fail(info, errno == ENOENT ? GALEN_ERR_NOT_FOUND : GALEN_ERR_IO,
                         "cannot remove %s: %s", path, strerror(errno));
    return base_dir_sync(path, info);
}

enum galen_err base_dir_make(const char *path, unsigned mode, struct galen_errinfo *info)
{
    char part[PATH_MAX];
    if ((size_t)snprintf(part, sizeof part, "%s", path) >= sizeof part || part[0] == '\0')
        return base_fail(info, GALEN_ERR_USAGE, "folder path is empty or too long");
    for (char *at = part + 1;; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char held = *at;
        *at = '\0';
        struct stat st;
        bool made = mkdir(part, mode) == 0;
        if (!made && (errno != EEXIST || stat(part, &st) != 0 || !S_ISDIR(st.st_mode)))
            return base_fail(info, GALEN_ERR_IO, "cannot make folder %s: %s", part,
                             errno == EEXIST ? "a file is in the way" : strerror(errno));
        if (made)
            GALEN_TRY(base_dir_sync(part, info));
        if (held == '\0')
            return GALEN_OK;
        *at = held;
    }
}
