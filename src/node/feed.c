/*
 * Server-sent events (WHATWG HTML, "event stream"): what is new, told to who is looking. A stream
 * begins with the event `ready`; what happened before is asked for (GET /notifications) after it
 * came, so that nothing falls between. Events are hints, never content. A reader that does not keep
 * up is let go; it connects again and asks.
 */
#include "node/internal.h"

#include <stdlib.h>
#include <string.h>

#define BUFFER_MAX (64 * 1024)

struct node_stream {
    struct node_stream *next;
    struct node *node;
    struct MHD_Connection *connection;
    struct base_buf buffer;
    size_t sent;
    bool is_suspended, is_ended, is_operator, has_who;
    struct chain_address who;
    uint8_t session32[32];
};

/* All under the feed's lock. */
static void resume(struct node_stream *stream)
{
    if (stream->is_suspended) {
        stream->is_suspended = false;
        MHD_resume_connection(stream->connection);
    }
}

static void append(struct node_stream *stream, const char *text)
{
    if (stream->is_ended)
        return;
    if (stream->buffer.len - stream->sent + strlen(text) > BUFFER_MAX ||
        base_buf_append_text(&stream->buffer, text) != GALEN_OK)
        stream->is_ended = true;
    resume(stream);
}

static ssize_t read_stream(void *user, uint64_t position, char *out, size_t max)
{
    struct node_stream *stream = user;
    pthread_mutex_lock(&stream->node->feed.lock);
    size_t left = stream->buffer.len - stream->sent;
    ssize_t given = 0;
    if (left > 0) {
        given = (ssize_t)(left < max ? left : max);
        memcpy(out, stream->buffer.data + stream->sent, (size_t)given);
        stream->sent += (size_t)given;
        if (stream->sent == stream->buffer.len)
            stream->sent = stream->buffer.len = 0;
    } else if (stream->is_ended) {
        given = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        stream->is_suspended = true;
        MHD_suspend_connection(stream->connection);
    }
    pthread_mutex_unlock(&stream->node->feed.lock);
    return given;
}

static void free_stream(void *user)
{
    struct node_stream *stream = user;
    struct node_feed *feed = &stream->node->feed;
    pthread_mutex_lock(&feed->lock);
    for (struct node_stream **at = &feed->streams; *at != NULL; at = &(*at)->next)
        if (*at == stream) {
            *at = stream->next;
            feed->n_streams--;
            break;
        }
    pthread_mutex_unlock(&feed->lock);
    base_buf_clear(&stream->buffer);
    free(stream);
}

struct MHD_Response *feed_open(struct node *node, struct node_request *request)
{
    struct node_feed *feed = &node->feed;
    struct MHD_Response *response = NULL;
    struct node_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return NULL;
    stream->node = node;
    stream->connection = request->connection;
    stream->is_operator = request->access == NODE_OPERATOR && !request->has_who;
    stream->has_who = request->has_who;
    stream->who = request->who;
    if (request->access == NODE_IDENTITY)
        memcpy(stream->session32, request->session32, 32);
    pthread_mutex_lock(&feed->lock);
    if (feed->n_streams < NODE_STREAMS_MAX && !feed->is_closing)
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_stream, stream,
                                                     free_stream);
    if (response != NULL) {
        append(stream, "retry: 2000\nevent: ready\ndata: {}\n\n");
        stream->next = feed->streams;
        feed->streams = stream;
        feed->n_streams++;
    }
    pthread_mutex_unlock(&feed->lock);
    if (response == NULL)
        free(stream);
    return response;
}

void feed_publish(struct node *node, const struct chain_address *who, const char *event,
                  uint64_t id, struct json_object *data)
{
    BASE_BUF_AUTO text = {0};
    char line[32] = "";
    if (id != 0)
        snprintf(line, sizeof line, "id: %llu\n", (unsigned long long)id);
    if (base_buf_printf(&text, "%sevent: %s\ndata: %s\n\n", line, event,
                        json_object_to_json_string_ext(data, JSON_C_TO_STRING_PLAIN)) != GALEN_OK)
        return;
    pthread_mutex_lock(&node->feed.lock);
    for (struct node_stream *at = node->feed.streams; at != NULL; at = at->next)
        if (who == NULL || at->is_operator || (at->has_who && chain_address_equal(&at->who, who)))
            append(at, (const char *)text.data);
    pthread_mutex_unlock(&node->feed.lock);
}

void feed_tick(struct node *node)
{
    static const uint8_t none[32];
    pthread_mutex_lock(&node->feed.lock);
    for (struct node_stream *at = node->feed.streams; at != NULL; at = at->next) {
        append(at, ": still here\n\n");
        if (memcmp(at->session32, none, 32) != 0 && !session_goes_on(node, at->session32))
            at->is_ended = true;
    }
    pthread_mutex_unlock(&node->feed.lock);
}

void feed_close(struct node *node)
{
    pthread_mutex_lock(&node->feed.lock);
    node->feed.is_closing = true;
    for (struct node_stream *at = node->feed.streams; at != NULL; at = at->next) {
        at->is_ended = true;
        resume(at);
    }
    pthread_mutex_unlock(&node->feed.lock);
}
