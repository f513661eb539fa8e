/* What config.json says of messages and blocks between nodes. Every member may be left out:
 *
 *   inbox_allow_networks  ["10.0.0.0/8", "fd00::/8"]: blocks of addresses that others' inboxes may
 *                         lie in although they are not public, also without TLS; none
 *   inbox_ca              PEM file: certificate authorities beside the system's; none
 *   topup_answer          false: a doctor's home makes no more releases of its records when
 * patients ask, and keeps nothing to make them of; true and the limits below
 */
#ifndef GALEN_WORKFLOW_POST_CONFIG_H
#define GALEN_WORKFLOW_POST_CONFIG_H

#include <json-c/json.h>

#include "http/http.h"

#define POST_NETWORKS_MAX 64

/* Names and defaults: post_config.c. Those of the inbox count what came by HTTP alone. */
enum post_limit {
    POST_RECIPIENT_MESSAGES, /* that wait to be read, for one identity */
    POST_RECIPIENT_BYTES,
    POST_MESSAGES, /* that wait, for all */
    POST_BYTES,
    POST_RECIPIENT_HOURLY, /* taken in within an hour, for one identity */
    POST_HOURLY,           /* and for all */
    POST_OUTBOX_DAYS,      /* that the outbox remembers what was delivered or given up */
    POST_RELAY_QUOTA,      /* records a day that a hospital takes from its doctors and anchors */
    POST_LIMITS,
};

struct post_config {
    struct http_network networks[POST_NETWORKS_MAX];
    size_t n_networks;
    char *ca_file;            /* owned; NULL: none */
    bool no_topup_answer;     /* a doctor's home makes no more releases when patients ask */
    bool is_set[POST_LIMITS]; /* else the default stands */
    int64_t limits[POST_LIMITS];
};
void post_config_init(struct post_config *config); /* the defaults */
void post_config_clear(struct post_config *config);

/* The members of config.json, for its list of known ones; ends with NULL. */
extern const char *const post_config_keys[];
GALEN_MUST_CHECK enum galen_err
post_config_read(struct post_config *config, struct json_object *json, struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err post_config_write(const struct post_config *config,
                                                  struct json_object *json,
                                                  struct galen_errinfo *info);

#endif
