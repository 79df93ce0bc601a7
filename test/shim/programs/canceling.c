/* Threads that are cancelled while they wait in socket calls: each of those is a cancellation point. */
#include "transcript.h"
#include <dirent.h>
#include <pthread.h>

static int listener, stream, peer, datagrams;
static pthread_barrier_t started;
static int cleaned;

static void clean(void *unused)
{
    (void)unused;
    cleaned++;
}

static void wait_in(long (*call)(void))
{
    pthread_cleanup_push(clean, NULL);
    pthread_barrier_wait(&started);
    long result = call();
    printf("not cancelled: %ld\n", result);
    pthread_cleanup_pop(0);
}

static long by_accept(void) { return accept(listener, NULL, NULL); }
static long by_accept4(void) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC); }
static long by_recv(void) { char octet; return recv(stream, &octet, 1, 0); }
static long by_read(void) { char octet; return read(stream, &octet, 1); }
static long by_poll(void) { return poll(&(struct pollfd){stream, POLLIN, 0}, 1, -1); }

static long by_recvmsg(void)
{
    char octet;
    struct iovec piece = {&octet, 1};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    return recvmsg(stream, &message, 0);
}

static long by_recvfrom(void)
{
    char octet;
    struct sockaddr_in from;
    return recvfrom(datagrams, &octet, 1, 0, (struct sockaddr *)&from, &(socklen_t){sizeof from});
}

static long by_send(void)
{
    static char block[1 << 20];
    while (send(stream, block, sizeof block, 0) > 0)
        ;
    return -1;
}

static void *run(void *call)
{
    wait_in(*(long (**)(void))call);
    return NULL;
}

static void cancel(const char *what, long (*call)(void))
{
    pthread_t thread;
    void *result;
    cleaned = 0;
    pthread_barrier_init(&started, NULL, 2);
    pthread_create(&thread, NULL, run, &call);
    pthread_barrier_wait(&started);
    /* The request may find the thread before, or in, its call: both must do, and this makes both happen. */
    for (int i = 0; i < 200; i++)
        sched_yield();
    usleep(2000);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    printf("%s: cancelled %d, cleaned %d\n", what, result == PTHREAD_CANCELED, cleaned);
}

/* A thread whose cancellation was requested earlier ends at its first cancellation point. */
static void *request_then_call(void *call)
{
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_cancel(pthread_self());
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* not a cancellation point */
    close(fd);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    return (void *)(*(long (**)(void))call)();
}

static void requested(const char *what, long (*call)(void))
{
    pthread_t thread;
    void *result;
    pthread_create(&thread, NULL, request_then_call, &call);
    pthread_join(thread, &result);
    printf("%s: cancelled %d\n", what, result == PTHREAD_CANCELED);
}

static int count_descriptors(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

int main(void)
{
    int ends[2];
    begin();
    listener = listening();
    datagrams = bound(SOCK_DGRAM);
    connection(ends);
    stream = ends[0];
    peer = ends[1];
    int before = count_descriptors();
    cancel("accept", by_accept);
    cancel("accept4", by_accept4);
    cancel("recv", by_recv);
    cancel("recvmsg", by_recvmsg);
    cancel("recvfrom of UDP", by_recvfrom);
    cancel("read", by_read);
    cancel("poll", by_poll);
    cancel("send", by_send);
    requested("accept", by_accept);
    requested("recv", by_recv);
    requested("recvfrom of UDP", by_recvfrom);
    printf("descriptors as before: %d\n", count_descriptors() == before);

    /* Nobody took what comes now. */
    int caller = connected_to(listener);
    say("accept still works", accept(listener, NULL, NULL) >= 0 ? 0 : -1);
    must("send", (int)send(peer, "x", 1, 0));
    char octet;
    say("recv still works", recv(stream, &octet, 1, 0));
    close(caller);
    return 0;
}
