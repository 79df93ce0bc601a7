/* Threads that connect, accept and close at the same time, and children forked and started in the middle of it. */
#include "transcript.h"
#include <pthread.h>

#define CALLERS 4
#define ACCEPTERS 3
#define CONNECTIONS 150
#define CHILDREN 60

static int listener;
static struct sockaddr_in at;
static int answered, wrong, accepted_count, stopping;

/* Each connection asks with its own number and hears it doubled. */
static int ask(unsigned number)
{
    unsigned answer = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int ok = fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
        send(fd, &number, sizeof number, MSG_NOSIGNAL) == sizeof number &&
        recv(fd, &answer, sizeof answer, MSG_WAITALL) == sizeof answer && answer == 2 * number;
    close(fd);
    return ok;
}

static void *call(void *first)
{
    for (unsigned i = 0; i < CONNECTIONS; i++)
    {
        int ok = ask((unsigned)(long)first * 100000 + i);
        __atomic_fetch_add(ok ? &answered : &wrong, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void *serve(void *unused)
{
    while (!__atomic_load_n(&stopping, __ATOMIC_RELAXED))
    {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        unsigned number;
        if (fd >= 0 && recv(fd, &number, sizeof number, MSG_WAITALL) == sizeof number)
        {
            number *= 2;
            (void)!send(fd, &number, sizeof number, MSG_NOSIGNAL);
            __atomic_fetch_add(&accepted_count, 1, __ATOMIC_RELAXED);
        }
        close(fd);
    }
    return unused;
}

/* Opens, asks and closes what nobody uses, so that numbers are reused all the time. */
static void *disturb(void *unused)
{
    for (unsigned i = 0; !__atomic_load_n(&stopping, __ATOMIC_RELAXED); i++)
    {
        struct sockaddr_in address;
        socklen_t length = sizeof address;
        int fd = socket(AF_INET, i % 2 == 0 ? SOCK_STREAM : SOCK_DGRAM, 0);
        getsockname(fd, (struct sockaddr *)&address, &length);
        close(fd);
    }
    return unused;
}

int main(int argc, char **argv)
{
    begin();
    if (argc == 2)
    {
        at = loopback(atoi(argv[1]));
        return !ask(7);
    }
    pthread_t callers[CALLERS], servers[ACCEPTERS], disturber;
    char port[12];
    listener = must("socket", socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    at = loopback(0);
    must("bind", bind(listener, (struct sockaddr *)&at, sizeof at));
    must("listen", listen(listener, 64));
    at = local_of(listener);
    snprintf(port, sizeof port, "%d", ntohs(at.sin_port));
    for (long i = 0; i < ACCEPTERS; i++)
        pthread_create(&servers[i], NULL, serve, NULL);
    pthread_create(&disturber, NULL, disturb, NULL);
    for (long i = 0; i < CALLERS; i++)
        pthread_create(&callers[i], NULL, call, (void *)i);

    int bad = 0;
    for (int i = 0; i < CHILDREN; i++)
    {
        pid_t child = i % 3 == 0 ? vfork() : fork();
        if (child == 0)
        {
            if (i % 3 != 2)
                execl(argv[0], argv[0], port, NULL);
            _exit(!ask(1000000 + i));
        }
        bad += exit_status_of(child) != 0;
    }
    for (int i = 0; i < CALLERS; i++)
        pthread_join(callers[i], NULL);
    printf("children: %d bad\n", bad);
    printf("answered %d, wrong %d\n", answered, wrong);

    /* A closed listener: the threads in accept() are woken by shutdown, as servers do it. */
    __atomic_store_n(&stopping, 1, __ATOMIC_RELAXED);
    say("shutdown", shutdown(listener, SHUT_RDWR));
    for (int i = 0; i < ACCEPTERS; i++)
        pthread_join(servers[i], NULL);
    pthread_join(disturber, NULL);
    printf("accepted %d\n", accepted_count);
    return 0;
}
