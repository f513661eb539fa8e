/* What the home keeps for itself alone: JSON sealed under a key in its key store. */
#include "workflow/internal.h"

#include <string.h>

#define HOME_KEY "home"

enum galen_err workflow_home_key_make(struct seal_keystore *keys, struct galen_errinfo *info)
{
    BASE_SECRET_AUTO key = {0};
    enum galen_err err = seal_keystore_get(&key, keys, HOME_KEY, info);
    if (err != GALEN_ERR_NOT_FOUND)
        return err;
    GALEN_TRY(base_secret_alloc(&key, SEAL_KEY_BYTES));
    base_random(key.data, key.len);
    return seal_keystore_put(keys, HOME_KEY, key.data, key.len, info);
}

static enum galen_err home_key(struct workflow *wf, struct base_secret *key,
                               struct galen_errinfo *info)
{
    if (wf->keys == NULL) {
        base_fail(info, GALEN_ERR_PASSWORD, "this needs the home's keys");
        (void)base_hint(info, "give the password with --password-file FILE, or at the prompt");
        return GALEN_ERR_PASSWORD;
    }
    BASE_SECRET_AUTO read = {0};
    GALEN_TRY(seal_keystore_get(&read, wf->keys, HOME_KEY, info));
    if (read.len != SEAL_KEY_BYTES)
        return base_fail(info, GALEN_ERR_CHECK, "the home's own key in the key store is damaged");
    *key = read;
    read = (struct base_secret){0};
    return GALEN_OK;
}

enum galen_err workflow_home_derive(struct workflow *wf, struct base_secret *key,
                                    const char *purpose, struct galen_errinfo *info)
{
    BASE_SECRET_AUTO home = {0};
    BASE_SECRET_AUTO made = {0};
    GALEN_TRY(home_key(wf, &home, info));
    GALEN_TRY(base_secret_alloc(&made, SEAL_KEY_BYTES));
    GALEN_TRY(record_mac(made.data, home.data, purpose, strlen(purpose), info));
    *key = made;
    made = (struct base_secret){0};
    return GALEN_OK;
}

enum galen_err workflow_home_seal(struct workflow *wf, struct base_buf *out,
                                  struct json_object *object, struct galen_errinfo *info)
{
    BASE_SECRET_AUTO key = {0};
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(home_key(wf, &key, info));
    GALEN_TRY(record_json_jcs(&text, object, info));
    return seal_object(out, key.data, (struct base_view){text.data, text.len}, info);
}

enum galen_err workflow_home_open(struct workflow *wf, struct json_object **object,
                                  struct base_view sealed, struct galen_errinfo *info)
{
    BASE_SECRET_AUTO key = {0};
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(home_key(wf, &key, info));
    GALEN_TRY(seal_open_object(&text, sealed, key.data, NULL, info));
    return record_json_parse(object, (const char *)text.data, text.len, SEAL_OBJECT_MAX, info);
}
