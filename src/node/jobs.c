/* The workers: threads that answer requests, each with its own handles on the home. */
#include "node/internal.h"

static struct node_request *next_request(struct node_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->head == NULL && !queue->is_stopping)
        pthread_cond_wait(&queue->filled, &queue->lock);
    struct node_request *request = queue->head;
    if (request != NULL) {
        queue->head = request->next;
        if (queue->head == NULL)
            queue->tail = NULL;
        queue->n--;
    }
    pthread_mutex_unlock(&queue->lock);
    return request;
}

static void *run_worker(void *user)
{
    struct node_worker *worker = user;
    struct node_request *request;
    while ((request = next_request(worker->queue)) != NULL) {
        route_answer(worker, request);
        server_answered(request); /* which is libmicrohttpd's from here on */
    }
    return NULL;
}

bool jobs_add(struct node *node, struct node_request *request)
{
    struct node_queue *queue = route_is_quick(request) ? &node->reads : &node->acts;
    pthread_mutex_lock(&queue->lock);
    bool taken = queue->n < NODE_QUEUE_MAX && !queue->is_stopping;
    if (taken) {
        request->next = NULL;
        if (queue->tail != NULL)
            queue->tail->next = request;
        else
            queue->head = request;
        queue->tail = request;
        queue->n++;
        pthread_cond_signal(&queue->filled);
    }
    pthread_mutex_unlock(&queue->lock);
    return taken;
}

static void close_handles(struct node_worker *worker)
{
    workflow_close(&worker->wide);
    workflow_close(&worker->narrow);
}

static enum galen_err start_worker(struct node *node, struct node_worker *worker,
                                   struct node_queue *queue, struct galen_errinfo *info)
{
    worker->node = node;
    worker->queue = queue;
    enum galen_err err = workflow_open_again(&worker->wide, node->wf, info);
    if (err == GALEN_OK)
        err = workflow_open_again(&worker->narrow, node->wf, info);
    if (err == GALEN_OK)
        err = workflow_narrow(worker->narrow, info);
    if (err == GALEN_OK) {
        workflow_stop_when(worker->wide, &node->is_stopping);
        workflow_store_later(worker->wide);
        workflow_store_later(worker->narrow);
    }
    if (err == GALEN_OK && pthread_create(&worker->thread, NULL, run_worker, worker) != 0)
        err = base_fail(info, GALEN_ERR_NOMEM, "cannot start a thread");
    if (err != GALEN_OK)
        close_handles(worker);
    return err;
}

enum galen_err jobs_start(struct node *node, struct galen_errinfo *info)
{
    for (; node->n_workers < NODE_WORKERS; node->n_workers++)
        GALEN_TRY(start_worker(node, &node->workers[node->n_workers],
                               node->n_workers < NODE_READERS ? &node->reads : &node->acts, info));
    return GALEN_OK;
}

static void stop_queue(struct node_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->is_stopping = true;
    pthread_cond_broadcast(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
}

/* What is queued is still answered. */
void jobs_stop(struct node *node)
{
    stop_queue(&node->reads);
    stop_queue(&node->acts);
    for (unsigned i = 0; i < node->n_workers; i++) {
        pthread_join(node->workers[i].thread, NULL);
        close_handles(&node->workers[i]);
    }
    node->n_workers = 0;
}
