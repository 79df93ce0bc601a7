/* A connect that nobody answers: what the calls say in the meantime, and that a thread in it can be interrupted and
   cancelled. Runs as a host on a switch with nobody at the address that is given. */
#include "transcript.h"
#include "signals.h"
#include <pthread.h>
#include <time.h>

static struct sockaddr_in nobody = {.sin_family = AF_INET};
static pthread_t waiter;
static volatile sig_atomic_t finished;

static void *interrupt(void *unused)
{
    while (!finished)
    {
        usleep(5000); /* until it finds the other thread inside its call */
        pthread_kill(waiter, SIGUSR1);
    }
    return unused;
}

/* One signal at a time, so that the other thread gets on. */
static void *pelt(void *unused)
{
    while (!finished)
    {
        int before = signals;
        pthread_kill(waiter, SIGUSR1);
        while (signals == before && !finished)
            sched_yield();
    }
    return unused;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* No signal that comes just when a call looks how far the connection is may be taken for news of that. */
static void call_again(int fd)
{
    pthread_t thread;
    pthread_create(&thread, NULL, pelt, NULL);
    int wrong = 0;
    double end = seconds() + 1; /* a machine however busy must not reach the end of the attempt */
    while (signals < 2000 && seconds() < end)
        wrong += connect(fd, (struct sockaddr *)&nobody, sizeof nobody) != -1 || errno != EALREADY;
    finished = 1;
    pthread_join(thread, NULL);
    finished = 0;
    printf("again and again, other than EALREADY: %d\n", wrong);
}

static void *call(void *unused)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    connect(fd, (struct sockaddr *)&nobody, sizeof nobody);
    return unused;
}

int main(int argc, char **argv)
{
    begin();
    nobody.sin_port = htons(80);
    if (argc != 2 || inet_pton(AF_INET, argv[1], &nobody.sin_addr) != 1)
        return 2;
    int fd = must("socket", socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    say("connect", connect(fd, (struct sockaddr *)&nobody, sizeof nobody));
    say("connect again", connect(fd, (struct sockaddr *)&nobody, sizeof nobody));
    int error = -1;
    socklen_t length = sizeof error;
    must("SO_ERROR", getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
    printf("SO_ERROR %d, writable %d\n", error, ready(fd, POLLOUT));

    waiter = pthread_self();
    count_signals(0);
    call_again(fd);
    pthread_t thread;
    pthread_create(&thread, NULL, interrupt, NULL);
    int blocking = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    int result = connect(blocking, (struct sockaddr *)&nobody, sizeof nobody);
    int reason = errno;
    finished = 1;
    pthread_join(thread, NULL);
    errno = reason;
    say("interrupted", result);

    void *end;
    pthread_create(&thread, NULL, call, NULL);
    usleep(20000);
    pthread_cancel(thread);
    pthread_join(thread, &end);
    printf("cancelled %d\n", end == PTHREAD_CANCELED);

    struct timeval timeout = {0, 50000};
    int impatient = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    must("SO_SNDTIMEO", setsockopt(impatient, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout));
    say("time-out", connect(impatient, (struct sockaddr *)&nobody, sizeof nobody));
    wait_for(fd, POLLOUT);
    must("SO_ERROR", getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
    printf("at last %s\n", strerrorname_np(error));
    return 0;
}
