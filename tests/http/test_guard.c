/* Where requests to addresses from outside may go. */
#include "test.h"

#include "http/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

/* ---- blocks of addresses ----------------------------------------------------------------------- */

static void networks(void **state)
{
    static const struct {
        const char *text, *again;
    } good[] = {
        {"10.0.0.0/8", NULL},
        {"0.0.0.0/0", NULL},
        {"192.168.7.9/32", NULL},
        {"fd00::/8", NULL},
        {"::/0", NULL},
        {"::1/128", NULL},
        {"FD00:0:0::/48", "fd00::/48"},
        {"172.16.0.0/12", NULL},
        {"128.0.0.0/1", NULL},
    };
    static const char *const bad[] = {
        "",
        "/",
        "10.0.0.0",
        "10.0.0.0/",
        "/8",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/8 ",
        " 10.0.0.0/8",
        "10.0.0.0/08",
        "10.0.0.0/8/8",
        "10.0.0.0/8.0",
        "10.0.0.1/8",
        "10.0.0.0/4",
        "10.0.0/8",
        "10/8",
        "010.0.0.0/8",
        "0x0a.0.0.0/8",
        "256.0.0.0/8",
        "fd00::/129",
        "fd00::/1000",
        "fd00::1/64",
        "fd00::%eth0/64",
        "[fd00::]/8",
        "::ffff:10.0.0.0/104",
        "::ffff:0:0/96",
        "fd00:::/8",
        "localhost/8",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0\\8",
        "99999999999999999999999999999999999999999999999999/8",
    };
    struct galen_errinfo info = {0};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct http_network network;
        char text[HTTP_NETWORK_TEXT];
        assert_done(http_network_parse(&network, good[i].text, &info));
        http_network_format(text, &network);
        assert_string_equal(text, good[i].again != NULL ? good[i].again : good[i].text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct http_network network = {.bits = 77};
        info = (struct galen_errinfo){0};
        if (http_network_parse(&network, bad[i], &info) != GALEN_ERR_PARSE)
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(network.bits, 77);
    }
}

/* ---- addresses --------------------------------------------------------------------------------- */

static bool allows(const struct http_guard *guard, const char *text, bool has_tls)
{
    uint8_t bytes[16];
    size_t len = strchr(text, ':') != NULL ? 16 : 4;
    assert_int_equal(inet_pton(len == 16 ? AF_INET6 : AF_INET, text, bytes), 1);
    return http_guard_allows(guard, bytes, len, has_tls);
}

static void public_addresses(void **state)
{
    static const char *const open[] = {
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.0.0.1",
        "128.0.0.1",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2a00:1450::1",
        "2001:200::1",
        "2003::1",
        "3ffe::1",
        "::ffff:1.1.1.1",
        "64:ff9b::1.1.1.1",
    };
    static const char *const closed[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        /* IPv6: */ "::",
        "::1",
        "::2",
        "::127.0.0.1",
        "::1.1.1.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1.1.1.1",
        "100::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "ff0e::1",
        "2001::1",
        "2001:0:7f00:1::",
        "2001:10::1",
        "2001:20::1",
        "2001:1ff::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2002:101:101::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "1fff::1",
    };
    const struct http_guard none = {0};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        if (!allows(&none, open[i], true))
            fail_msg("refused: %s", open[i]);
        if (allows(&none, open[i], false))
            fail_msg("without TLS: %s", open[i]);
    }
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
        if (allows(&none, closed[i], true) || allows(&none, closed[i], false))
            fail_msg("allowed: %s", closed[i]);
}

static void named_networks(void **state)
{
    struct galen_errinfo info = {0};
    struct http_network named[3];
    assert_done(http_network_parse(&named[0], "10.1.0.0/16", &info));
    assert_done(http_network_parse(&named[1], "fd00:1::/33", &info));
    assert_done(http_network_parse(&named[2], "1.1.1.0/24", &info));
    const struct http_guard guard = {.networks = named, .n_networks = 3};
    static const struct {
        const char *address;
        bool tls, plain;
    } cases[] = {
        {"10.1.2.3", true, true},          {"10.2.0.1", false, false},
        {"::ffff:10.1.0.1", true, true},   {"::ffff:10.2.0.1", false, false},
        {"64:ff9b::10.1.0.1", true, true}, {"fd00:1:7fff::1", true, true},
        {"fd00:1:8000::1", false, false},  {"1.1.1.1", true, true},
        {"1.1.2.1", true, false},          {"127.0.0.1", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (allows(&guard, cases[i].address, true) != cases[i].tls ||
            allows(&guard, cases[i].address, false) != cases[i].plain)
            fail_msg("%s", cases[i].address);
}

/* ---- real connections -------------------------------------------------------------------------- */

static int listener;
static unsigned port;

static int start_listening(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, len) != 0 ||
        listen(listener, 16) != 0 || getsockname(listener, (struct sockaddr *)&address, &len) != 0)
        return -1;
    port = ntohs(address.sin_port);
    return 0;
}

static int stop_listening(void **state)
{
    return close(listener);
}

static bool somebody_connected(void)
{
    struct pollfd at = {.fd = listener, .events = POLLIN};
    return poll(&at, 1, 100) == 1;
}

static enum galen_err ask(const char *url, const struct http_guard *guard,
                          struct galen_errinfo *info)
{
    const struct http_options options = {.peer = "the node", .guard = guard, .timeout_ms = 500};
    const struct http_request request = {0};
    HTTP_CLIENT_AUTO client = NULL;
    BASE_BUF_AUTO body = {0};
    long status = 0;
    GALEN_TRY(http_client_new(&client, url, &options, info));
    return http_perform(client, &status, &body, &request, info);
}

/* However the address is written, the socket to it is not opened. */
static void loopback_is_not_asked(void **state)
{
    static const char *const hosts[] = {
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::1]",
        "0.0.0.0",
        "0",
        "[::]",
        "[64:ff9b::127.0.0.1]",
    };
    const struct http_guard none = {0};
    /* A proxy would connect on its own. */
    char proxy[64];
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", port);
    assert_int_equal(setenv("https_proxy", proxy, 1), 0);
    assert_int_equal(setenv("http_proxy", proxy, 1), 0);
    assert_int_equal(setenv("ALL_PROXY", proxy, 1), 0);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        for (int tls = 0; tls < 2; tls++) {
            struct galen_errinfo info = {0};
            char url[128];
            snprintf(url, sizeof url, "%s://%s:%u/inbox", tls ? "https" : "http", hosts[i], port);
            enum galen_err err = ask(url, &none, &info);
            /* "LOCALHOST." is not a name everywhere */
            if (err != GALEN_ERR_CHECK && !(err == GALEN_ERR_NETWORK && strchr(url, 'L') != NULL))
                fail_msg("%s: %s %s", url, galen_err_name(err), info.what);
            if (err == GALEN_ERR_CHECK)
                assert_non_null(strstr(info.hint, "inbox_allow_networks"));
        }
    assert_false(somebody_connected());
    unsetenv("https_proxy");
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

static void named_loopback_is_asked(void **state)
{
    struct galen_errinfo info = {0};
    struct http_network named;
    char url[64];
    assert_done(http_network_parse(&named, "127.0.0.0/8", &info));
    const struct http_guard guard = {.networks = &named, .n_networks = 1};
    snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
    assert_fails(GALEN_ERR_NETWORK, ask(url, &guard, &info)); /* nobody answers, but */
    assert_true(somebody_connected());
}

static void urls_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "inbox",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "https://user@example.org/",
        "https://user:word@example.org/",
        "https://:word@example.org/",
        "https://example.org/?query",
        "https://example.org/#fragment",
        "https://example.org:0/",
        "https://example.org:65536/",
        "https://exa mple.org/",
        "https://",
        "https://example.org/\r\nHost: other",
        "unix:///run/x",
    };
    const struct http_guard none = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct http_options options = {.peer = "the node", .guard = &none};
        struct galen_errinfo info = {0};
        HTTP_CLIENT_AUTO client = NULL;
        if (http_client_new(&client, bad[i], &options, &info) != GALEN_ERR_USAGE)
            fail_msg("taken: %s", bad[i]);
    }
    struct galen_errinfo info = {0};
    const struct http_options options = {.peer = "the node", .guard = &none};
    HTTP_CLIENT_AUTO client = NULL;
    assert_done(http_client_new(&client, "https://example.org:8443/api/v1/inbox", &options, &info));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks),
        cmocka_unit_test(public_addresses),
        cmocka_unit_test(named_networks),
        cmocka_unit_test_setup_teardown(loopback_is_not_asked, start_listening, stop_listening),
        cmocka_unit_test_setup_teardown(named_loopback_is_asked, start_listening, stop_listening),
        cmocka_unit_test(urls_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
