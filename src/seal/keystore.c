/*
 * The home's key store.
 *
 * master.json = {"kdf":{"alg":"argon2id13","memory_kib":…,"ops":…,"salt":"0x…"},"master":"0x…",
 * "nonce":"0x…","type":"galen.keystore/1"}: a random master key under XChaCha20-Poly1305 with the
 * key that Argon2id makes of the password. The tag is the password's check, and a new password
 * costs one small file.
 */
#include "seal/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEYSTORE_TYPE   "galen.keystore/1"
#define SECRET_TYPE     "galen.secret/1"
#define MASTER_FILE     "master.json"
#define SUFFIX          ".sealed"
#define NAME_MAX_CHARS  100
#define MASTER_JSON_MAX 4096

enum {
    MASTER_BYTES = SEAL_KEY_BYTES,
    NONCE_BYTES = SEAL_NONCE_BYTES,
    MAC_BYTES = SEAL_MAC_BYTES,
    OPS_MAX = 16,
    MEMORY_KIB_MIN = 8,
    MEMORY_KIB_MAX = 1024 * 1024,
    SECRET_HEAD = 1 + NONCE_BYTES,
};
_Static_assert(MASTER_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");
_Static_assert(NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(MAC_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
_Static_assert(SEAL_SALT_BYTES == crypto_pwhash_argon2id_SALTBYTES, "salt");

struct seal_keystore {
    char *dir;
    struct base_secret master;
};

/* ---- master.json --------------------------------------------------------------------------- */

bool seal_cost_is_good(struct seal_kdf_cost cost)
{
    return cost.ops >= 1 && cost.ops <= OPS_MAX && cost.memory_kib >= MEMORY_KIB_MIN &&
           cost.memory_kib <= MEMORY_KIB_MAX;
}

static enum galen_err derive(struct base_secret *key, struct base_view password,
                             const struct seal_master *master, struct galen_errinfo *info)
{
    if (base_secret_alloc(key, MASTER_BYTES) != GALEN_OK)
        return seal_nomem(info);
    if (crypto_pwhash_argon2id(key->data, key->len, (const char *)password.data, password.len,
                               master->salt, master->cost.ops,
                               (size_t)master->cost.memory_kib * 1024,
                               crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
        return base_fail(info, GALEN_ERR_NOMEM, "not enough memory for Argon2id (%u KiB)",
                         master->cost.memory_kib);
    return GALEN_OK;
}

enum galen_err seal_check_new_password(struct base_view password, struct seal_kdf_cost cost,
                                       struct galen_errinfo *info)
{
    if (password.len == 0 || password.len > SEAL_PASSWORD_MAX)
        return base_fail(info, GALEN_ERR_USAGE, "password is not 1 to %d bytes", SEAL_PASSWORD_MAX);
    if (!seal_cost_is_good(cost))
        return base_fail(info, GALEN_ERR_USAGE, "Argon2id's cost is out of bounds");
    return GALEN_OK;
}

static enum galen_err path_in(char path[PATH_MAX], const char *dir, const char *name,
                              const char *suffix, struct galen_errinfo *info)
{
    if (snprintf(path, PATH_MAX, "%s/%s%s", dir, name, suffix) >= PATH_MAX)
        return base_fail(info, GALEN_ERR_USAGE, "path is too long");
    return GALEN_OK;
}

static enum galen_err write_master(const char *dir, const struct base_secret *master_key,
                                   struct base_view password, struct seal_kdf_cost cost,
                                   struct galen_errinfo *info)
{
    char path[PATH_MAX];
    GALEN_TRY(path_in(path, dir, MASTER_FILE, "", info));
    struct seal_master master = {.cost = cost};
    base_random(master.salt, sizeof master.salt);
    base_random(master.nonce, sizeof master.nonce);
    BASE_SECRET_AUTO key = {0};
    GALEN_TRY(derive(&key, password, &master, info));
    crypto_aead_xchacha20poly1305_ietf_encrypt(master.sealed, NULL, master_key->data,
                                               master_key->len, (const uint8_t *)KEYSTORE_TYPE,
                                               strlen(KEYSTORE_TYPE), NULL, master.nonce, key.data);
    BASE_BUF_AUTO text = {0};
    if (base_buf_printf(&text,
                        "{\"kdf\":{\"alg\":\"argon2id13\",\"memory_kib\":%u,\"ops\":%u,\"salt\":\"",
                        cost.memory_kib, cost.ops) != GALEN_OK ||
        base_hex_append(&text, master.salt, sizeof master.salt) != GALEN_OK ||
        base_buf_append_text(&text, "\"},\"master\":\"") != GALEN_OK ||
        base_hex_append(&text, master.sealed, sizeof master.sealed) != GALEN_OK ||
        base_buf_append_text(&text, "\",\"nonce\":\"") != GALEN_OK ||
        base_hex_append(&text, master.nonce, sizeof master.nonce) != GALEN_OK ||
        base_buf_append_text(&text, "\",\"type\":\"" KEYSTORE_TYPE "\"}\n") != GALEN_OK)
        return seal_nomem(info);
    return base_file_write(path, text.data, text.len, 0600, info);
}

static bool read_hex(uint8_t *out, size_t len, const json_t *object, const char *name)
{
    struct base_view text = seal_json_text(object, name);
    return text.data != NULL && text.len == 2 + 2 * len && memcmp(text.data, "0x", 2) == 0 &&
           base_hex_decode(out, len, (const char *)text.data, name, NULL) == GALEN_OK;
}

static uint32_t read_count(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    json_int_t count = json_integer_value(value);
    return json_is_integer(value) && count > 0 && count <= UINT32_MAX ? (uint32_t)count : 0;
}

enum galen_err seal_master_parse(struct seal_master *master, struct base_view text,
                                 struct galen_errinfo *info)
{
    json_auto_t *value = seal_json_parse(text);
    const json_t *kdf = json_object_get(value, "kdf");
    struct seal_master read = {
        .cost = {.ops = read_count(kdf, "ops"), .memory_kib = read_count(kdf, "memory_kib")}};
    if (json_object_size(value) != 4 || json_object_size(kdf) != 4 ||
        !seal_view_is(seal_json_text(value, "type"), KEYSTORE_TYPE) ||
        !seal_view_is(seal_json_text(kdf, "alg"), "argon2id13") ||
        !read_hex(read.salt, sizeof read.salt, kdf, "salt") ||
        !read_hex(read.nonce, sizeof read.nonce, value, "nonce") ||
        !read_hex(read.sealed, sizeof read.sealed, value, "master"))
        return base_fail(info, GALEN_ERR_PARSE, "not a key store's master file");
    if (!seal_cost_is_good(read.cost))
        return base_fail(info, GALEN_ERR_PARSE, "asks for an Argon2id cost out of bounds");
    *master = read;
    return GALEN_OK;
}

static enum galen_err read_master(struct seal_master *master, const char *dir,
                                  struct galen_errinfo *info)
{
    char path[PATH_MAX];
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(path_in(path, dir, MASTER_FILE, "", info));
    GALEN_TRY(base_file_read(&text, path, MASTER_JSON_MAX, info));
    enum galen_err err = seal_master_parse(master, (struct base_view){text.data, text.len}, info);
    return err == GALEN_OK ? GALEN_OK : base_wrap(info, err, "%s", path);
}

/* ---- opening ------------------------------------------------------------------------------- */

void seal_keystore_free(struct seal_keystore **keystore)
{
    if (keystore == NULL || *keystore == NULL)
        return;
    base_secret_clear(&(*keystore)->master);
    free((*keystore)->dir);
    free(*keystore);
    *keystore = NULL;
}

static enum galen_err new_keystore(struct seal_keystore **out, const char *dir,
                                   struct galen_errinfo *info)
{
    SEAL_KEYSTORE_AUTO made = calloc(1, sizeof *made);
    if (made == NULL || (made->dir = strdup(dir)) == NULL ||
        base_secret_alloc(&made->master, MASTER_BYTES) != GALEN_OK)
        return seal_nomem(info);
    *out = made;
    made = NULL;
    return GALEN_OK;
}

/* The lock ends with the descriptor, so with the process too. */
static enum galen_err lock_dir(int *fd, const char *dir, struct galen_errinfo *info)
{
    *fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0 || flock(*fd, LOCK_EX) != 0)
        return base_fail(info, GALEN_ERR_IO, "cannot lock %s: %s", dir, strerror(errno));
    return GALEN_OK;
}

enum galen_err seal_keystore_create(struct seal_keystore **out, const char *dir,
                                    struct base_view password, struct seal_kdf_cost cost,
                                    struct galen_errinfo *info)
{
    GALEN_TRY(seal_check_new_password(password, cost, info));
    char path[PATH_MAX];
    GALEN_TRY(path_in(path, dir, MASTER_FILE, "", info));
    GALEN_TRY(base_dir_make(dir, 0700, info));
    /* Two that create at once would each hold a master key, and one of them would be lost. */
    BASE_FD_AUTO lock = -1;
    GALEN_TRY(lock_dir(&lock, dir, info));
    if (access(path, F_OK) == 0)
        return base_fail(info, GALEN_ERR_EXISTS, "%s is there already", path);
    if (fchmod(lock, 0700) != 0)
        return base_fail(info, GALEN_ERR_IO, "cannot make %s private: %s", dir, strerror(errno));
    SEAL_KEYSTORE_AUTO made = NULL;
    GALEN_TRY(new_keystore(&made, dir, info));
    base_random(made->master.data, made->master.len);
    GALEN_TRY(write_master(dir, &made->master, password, cost, info));
    *out = made;
    made = NULL;
    return GALEN_OK;
}

enum galen_err seal_keystore_open(struct seal_keystore **out, const char *dir,
                                  struct base_view password, struct galen_errinfo *info)
{
    struct seal_master master;
    GALEN_TRY(read_master(&master, dir, info));
    SEAL_KEYSTORE_AUTO made = NULL;
    GALEN_TRY(new_keystore(&made, dir, info));
    BASE_SECRET_AUTO key = {0};
    if (password.len > SEAL_PASSWORD_MAX)
        return base_fail(info, GALEN_ERR_PASSWORD, "wrong password");
    GALEN_TRY(derive(&key, password, &master, info));
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            made->master.data, NULL, NULL, master.sealed, sizeof master.sealed,
            (const uint8_t *)KEYSTORE_TYPE, strlen(KEYSTORE_TYPE), master.nonce, key.data) != 0)
        return base_fail(info, GALEN_ERR_PASSWORD, "wrong password");
    *out = made;
    made = NULL;
    return GALEN_OK;
}

enum galen_err seal_keystore_open_again(struct seal_keystore **out,
                                        const struct seal_keystore *keystore,
                                        struct galen_errinfo *info)
{
    SEAL_KEYSTORE_AUTO made = NULL;
    GALEN_TRY(new_keystore(&made, keystore->dir, info));
    memcpy(made->master.data, keystore->master.data, MASTER_BYTES);
    *out = made;
    made = NULL;
    return GALEN_OK;
}

enum galen_err seal_keystore_check_password(const struct seal_keystore *keystore,
                                            struct base_view password, struct galen_errinfo *info)
{
    SEAL_KEYSTORE_AUTO opened = NULL;
    return seal_keystore_open(&opened, keystore->dir, password, info);
}

enum galen_err seal_keystore_change_password(struct seal_keystore *keystore,
                                             struct base_view new_password,
                                             struct seal_kdf_cost cost, struct galen_errinfo *info)
{
    GALEN_TRY(seal_check_new_password(new_password, cost, info));
    BASE_FD_AUTO lock = -1;
    GALEN_TRY(lock_dir(&lock, keystore->dir, info));
    return write_master(keystore->dir, &keystore->master, new_password, cost, info);
}

/* ---- secrets ------------------------------------------------------------------------------- */

static bool name_is_good(const char *name, size_t len)
{
    return len > 0 && len <= NAME_MAX_CHARS && name[0] != '.' &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.") >= len;
}

static enum galen_err secret_path(char path[PATH_MAX], const struct seal_keystore *keystore,
                                  const char *name, struct galen_errinfo *info)
{
    if (!name_is_good(name, strnlen(name, NAME_MAX_CHARS + 1)))
        return base_fail(info, GALEN_ERR_USAGE,
                         "a secret's name is 1 to %d letters, digits, _ - . without a leading dot",
                         NAME_MAX_CHARS);
    return path_in(path, keystore->dir, name, SUFFIX, info);
}

/* "galen.secret/1" 00 name: a file put under another name does not open. */
static size_t associated(uint8_t out[sizeof SECRET_TYPE + NAME_MAX_CHARS], const char *name)
{
    size_t len = strlen(name);
    memcpy(out, SECRET_TYPE, sizeof SECRET_TYPE);
    memcpy(out + sizeof SECRET_TYPE, name, len);
    return sizeof SECRET_TYPE + len;
}

enum galen_err seal_keystore_put(struct seal_keystore *keystore, const char *name, const void *data,
                                 size_t len, struct galen_errinfo *info)
{
    char path[PATH_MAX];
    GALEN_TRY(secret_path(path, keystore, name, info));
    if (len > SEAL_SECRET_MAX)
        return base_fail(info, GALEN_ERR_LIMIT, "secret is larger than %d bytes", SEAL_SECRET_MAX);
    BASE_BUF_AUTO file = {0};
    if (base_buf_reserve(&file, SECRET_HEAD + len + MAC_BYTES) != GALEN_OK)
        return seal_nomem(info);
    uint8_t bound[sizeof SECRET_TYPE + NAME_MAX_CHARS];
    size_t bound_len = associated(bound, name);
    file.data[0] = 1;
    base_random(file.data + 1, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(file.data + SECRET_HEAD, NULL, data, len, bound,
                                               bound_len, NULL, file.data + 1,
                                               keystore->master.data);
    file.len = SECRET_HEAD + len + MAC_BYTES;
    return base_file_write(path, file.data, file.len, 0600, info);
}

enum galen_err seal_keystore_get(struct base_secret *secret, struct seal_keystore *keystore,
                                 const char *name, struct galen_errinfo *info)
{
    char path[PATH_MAX];
    GALEN_TRY(secret_path(path, keystore, name, info));
    BASE_BUF_AUTO file = {0};
    enum galen_err err = base_file_read(&file, path, SECRET_HEAD + SEAL_SECRET_MAX + MAC_BYTES,
                                        info);
    if (err == GALEN_ERR_NOT_FOUND)
        return base_fail(info, err, "the key store has no secret %s", name);
    if (err == GALEN_ERR_LIMIT || (err == GALEN_OK && file.len < SECRET_HEAD + MAC_BYTES))
        return base_fail(info, GALEN_ERR_CHECK, "%s was altered", path);
    GALEN_TRY(err);
    uint8_t bound[sizeof SECRET_TYPE + NAME_MAX_CHARS];
    size_t bound_len = associated(bound, name);
    BASE_SECRET_AUTO plain = {0};
    if (base_secret_alloc(&plain, file.len - SECRET_HEAD - MAC_BYTES) != GALEN_OK)
        return seal_nomem(info);
    if (file.data[0] != 1 ||
        crypto_aead_xchacha20poly1305_ietf_decrypt(plain.data, NULL, NULL, file.data + SECRET_HEAD,
                                                   file.len - SECRET_HEAD, bound, bound_len,
                                                   file.data + 1, keystore->master.data) != 0) {
        base_fail(info, GALEN_ERR_CHECK, "%s was altered, or is another store's", path);
        base_hint(info, "restore the file from a backup of this home");
        return GALEN_ERR_CHECK;
    }
    base_secret_clear(secret);
    *secret = plain;
    plain = (struct base_secret){0};
    return GALEN_OK;
}

enum galen_err seal_keystore_remove(struct seal_keystore *keystore, const char *name,
                                    struct galen_errinfo *info)
{
    char path[PATH_MAX];
    GALEN_TRY(secret_path(path, keystore, name, info));
    enum galen_err err = base_file_remove(path, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return base_fail(info, err, "the key store has no secret %s", name);
    return err;
}

/* A write that was cut off leaves NAME.sealed.XXXXXX, which is not listed. */
static int is_secret(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    size_t suffix = strlen(SUFFIX);
    return len > suffix && strcmp(entry->d_name + len - suffix, SUFFIX) == 0 &&
           name_is_good(entry->d_name, len - suffix);
}

/* By name, which is not the files' order: '-' sorts before the suffix's dot. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    size_t a_len = strlen((*a)->d_name) - strlen(SUFFIX);
    size_t b_len = strlen((*b)->d_name) - strlen(SUFFIX);
    int order = memcmp((*a)->d_name, (*b)->d_name, a_len < b_len ? a_len : b_len);
    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

enum galen_err seal_keystore_list(struct seal_keystore *keystore,
                                  enum galen_err (*each)(void *user, const char *name), void *user,
                                  struct galen_errinfo *info)
{
    struct dirent **entries = NULL;
    int n = scandir(keystore->dir, &entries, is_secret, by_name);
    if (n < 0)
        return base_fail(info, GALEN_ERR_IO, "cannot list %s: %s", keystore->dir, strerror(errno));
    enum galen_err err = GALEN_OK;
    for (int i = 0; i < n; i++) {
        entries[i]->d_name[strlen(entries[i]->d_name) - strlen(SUFFIX)] = '\0';
        if (err == GALEN_OK)
            err = each(user, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return err;
}
