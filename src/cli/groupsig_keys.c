/* galen groupsig: the key folder. Secrets are what the library encodes (they begin with their
 * type), or pygroupsig's texts. */
#include "cli/groupsig.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* A new key folder is made where there is nothing: its mode becomes 0700. */
static enum galen_err check_empty(const char *dir, struct galen_errinfo *info)
{
    DIR *folder = opendir(dir);
    if (folder == NULL && errno == ENOENT)
        return GALEN_OK;
    if (folder == NULL)
        return base_fail(info, GALEN_ERR_IO, "cannot read %s: %s", dir, strerror(errno));
    bool empty = true;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        empty = empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
    closedir(folder);
    if (!empty)
        return base_fail(info, GALEN_ERR_USAGE, "%s holds other files and is no key folder", dir);
    return GALEN_OK;
}

void cli_gs_keys_close(struct cli_gs_keys *keys)
{
    if (keys->store == NULL)
        return;
    close(keys->lock);
    seal_keystore_free(&keys->store);
}

enum galen_err cli_gs_keys_open(const struct cli *cli, struct cli_gs_keys *out, bool create,
                                struct galen_errinfo *info)
{
    const char *dir = NULL;
    char master[PATH_MAX];
    BASE_BUF_AUTO password = {0};
    SEAL_KEYSTORE_AUTO store = NULL;
    GALEN_TRY(cli_need(cli, "keys", &dir, info));
    if (snprintf(master, sizeof master, "%s/master.json", dir) >= (int)sizeof master)
        return base_fail(info, GALEN_ERR_USAGE, "--keys: path is too long");
    bool there = access(master, F_OK) == 0;
    if (!there && !create)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "%s is no key folder", dir);
    if (!there)
        GALEN_TRY(check_empty(dir, info));
    GALEN_TRY(cli_password(cli->password_file,
                           there ? "Password of the key folder" : "Password for the new key folder",
                           !there, &password, info));
    const struct base_view view = {password.data, password.len};
    GALEN_TRY(there ? seal_keystore_open(&store, dir, view, info)
                    : seal_keystore_create(&store, dir, view, SEAL_KDF_DEFAULT, info));
    /* Held until the process is done, so that no other puts a key under the same name meanwhile. */
    int lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0 || flock(lock, LOCK_EX) != 0) {
        int why = errno;
        if (lock >= 0)
            close(lock);
        return base_fail(info, GALEN_ERR_IO, "cannot lock %s: %s", dir, strerror(why));
    }
    *out = (struct cli_gs_keys){store, lock};
    store = NULL;
    return GALEN_OK;
}

enum galen_err cli_gs_keys_put(struct cli_gs_keys *keys, const char *name, const uint8_t *data,
                               size_t len, struct galen_errinfo *info)
{
    BASE_SECRET_AUTO old = {0};
    enum galen_err err = seal_keystore_get(&old, keys->store, name, info);
    if (err == GALEN_OK || err == GALEN_ERR_CHECK)
        return base_fail(info, GALEN_ERR_EXISTS, "the key folder has a key %s already", name);
    if (err != GALEN_ERR_NOT_FOUND)
        return err;
    return seal_keystore_put(keys->store, name, data, len, info);
}

enum galen_err cli_gs_keys_add(const struct cli *cli, const char *name, const uint8_t *data,
                               size_t len, struct galen_errinfo *info)
{
    CLI_GS_KEYS_AUTO keys = {0};
    const char *given = cli_option(cli, "name");
    GALEN_TRY(cli_gs_keys_open(cli, &keys, true, info));
    return cli_gs_keys_put(&keys, given != NULL ? given : name, data, len, info);
}

enum galen_err cli_gs_secret(const struct cli *cli, const char *name, struct base_secret *out,
                             struct galen_errinfo *info)
{
    CLI_GS_KEYS_AUTO keys = {0};
    const char *given = cli_option(cli, "name");
    GALEN_TRY(cli_gs_keys_open(cli, &keys, false, info));
    return seal_keystore_get(out, keys.store, given != NULL ? given : name, info);
}

enum galen_err cli_gs_manager_secret(const struct cli *cli, struct base_secret *out,
                                     const char **name, struct galen_errinfo *info)
{
    CLI_GS_KEYS_AUTO keys = {0};
    BASE_SECRET_AUTO rm = {0};
    const char *given = cli_option(cli, "name");
    GALEN_TRY(cli_gs_keys_open(cli, &keys, false, info));
    *name = given != NULL ? given : "gm";
    enum galen_err err = seal_keystore_get(out, keys.store, *name, info);
    if (given != NULL || (err != GALEN_OK && err != GALEN_ERR_NOT_FOUND))
        return err;
    enum galen_err err_rm = seal_keystore_get(&rm, keys.store, "rm", info);
    if (err_rm == GALEN_ERR_NOT_FOUND && err == GALEN_OK)
        return GALEN_OK;
    if (err_rm == GALEN_ERR_NOT_FOUND)
        return base_fail(info, err_rm, "the key folder has neither a key gm nor rm");
    GALEN_TRY(err_rm);
    if (err == GALEN_OK)
        return base_fail(info, GALEN_ERR_USAGE,
                         "the key folder has the keys of both managers: --name gm or --name rm");
    *name = "rm";
    *out = rm;
    rm = (struct base_secret){0};
    return GALEN_OK;
}

void cli_gs_manager_clear(struct cli_gs_manager *manager)
{
    groupsig_gm_secret_clear(&manager->gm);
    groupsig_rm_secret_clear(&manager->rm);
}

enum galen_err cli_gs_manager_read(const struct cli *cli, struct cli_gs_manager *out,
                                   struct galen_errinfo *info)
{
    BASE_SECRET_AUTO bytes = {0};
    const char *name = NULL;
    GALEN_TRY(cli_gs_manager_secret(cli, &bytes, &name, info));
    out->role = GROUPSIG_ROLE_GM;
    if (groupsig_gm_secret_parse(&out->gm, bytes.data, bytes.len) == GROUPSIG_OK)
        return GALEN_OK;
    out->role = GROUPSIG_ROLE_RM;
    if (groupsig_rm_secret_parse(&out->rm, bytes.data, bytes.len) == GROUPSIG_OK)
        return GALEN_OK;
    return base_fail(info, GALEN_ERR_CHECK, "the key %s is not a manager's", name);
}

enum galen_err cli_gs_member_read(const struct cli *cli, struct groupsig_member_secret *out,
                                  struct galen_errinfo *info)
{
    BASE_SECRET_AUTO bytes = {0};
    GALEN_TRY(cli_gs_secret(cli, "member", &bytes, info));
    if (groupsig_member_secret_parse(out, bytes.data, bytes.len) != GROUPSIG_OK)
        return base_fail(info, GALEN_ERR_CHECK, "this key is not a member's");
    return GALEN_OK;
}
