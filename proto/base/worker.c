#include "proto/base/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "proto/base/mem.h"

struct queue {
	struct job *first, **last;
};

struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct queue todo, finished;
	size_t length, most;
	bool stop;
	int fd;
};

static void queue_init(struct queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

static void queue_put(struct queue *q, struct job *job)
{
	job->next = NULL;
	*q->last = job;
	q->last = &job->next;
}

static struct job *queue_take(struct queue *q)
{
	struct job *job = q->first;

	if (job != NULL && (q->first = job->next) == NULL)
		q->last = &q->first;
	return job;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct job *job;
	uint64_t one = 1;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->stop && w->todo.first == NULL)
			pthread_cond_wait(&w->work, &w->lock);
		if (w->stop)
			break;
		job = queue_take(&w->todo);
		pthread_mutex_unlock(&w->lock);
		job->run(job);
		pthread_mutex_lock(&w->lock);
		queue_put(&w->finished, job);
		if (write(w->fd, &one, sizeof one) != sizeof one)
			abort();
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

struct worker *worker_new(size_t most)
{
	struct worker *w = mem_new(sizeof *w);
	sigset_t all, old;

	w->most = most;
	queue_init(&w->todo);
	queue_init(&w->finished);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (w->fd < 0 || pthread_create(&w->thread, NULL, worker_main, w) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return w;
}

void worker_free(struct worker *w)
{
	struct job *job;

	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	while ((job = queue_take(&w->finished)) != NULL || (job = queue_take(&w->todo)) != NULL)
		job->done(job);
	pthread_cond_destroy(&w->work);
	pthread_mutex_destroy(&w->lock);
	close(w->fd);
	free(w);
}

enum err worker_add(struct worker *w, struct job *job)
{
	enum err err = ERR_OK;

	pthread_mutex_lock(&w->lock);
	if (w->length == w->most) {
		err = ERR_BUSY;
	} else {
		w->length++;
		queue_put(&w->todo, job);
		pthread_cond_signal(&w->work);
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}

int worker_fd(const struct worker *w)
{
	return w->fd;
}

void worker_settle(struct worker *w)
{
	struct job *job;
	uint64_t count;

	if (read(w->fd, &count, sizeof count) < 0) {
		/* Woken without cause: the queue says what there is. */
	}
	for (;;) {
		pthread_mutex_lock(&w->lock);
		job = queue_take(&w->finished);
		w->length -= job != NULL;
		pthread_mutex_unlock(&w->lock);
		if (job == NULL)
			return;
		job->done(job);
	}
}
