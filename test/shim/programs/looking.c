/* Calls that look for data before they sleep, because answers come fast: signals interrupt them, and threads can be cancelled. */
#include "transcript.h"
#include <pthread.h>
#include <signal.h>
#include <time.h>

#define ROUNDS 20

static int ends[2], datagrams[2];
static volatile sig_atomic_t signals;
static timer_t timer;

static void on_signal(int signal)
{
    (void)signal;
    signals++;
}

static void install(int flags)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
    sigaction(SIGUSR1, &action, NULL);
}

/* Sends back what it gets: at once, after a while ('w'), or never ('n'). */
static void *echo(void *socket)
{
    int fd = *(int *)socket;
    char octet;
    while (recv(fd, &octet, 1, 0) == 1)
    {
        if (octet == 'w')
            usleep(20000);
        if (octet != 'n' && send(fd, &octet, 1, MSG_NOSIGNAL) != 1)
            break;
    }
    return NULL;
}

static void start_echo(int *socket)
{
    sigset_t ours, before;
    pthread_t thread;
    sigemptyset(&ours);
    sigaddset(&ours, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &ours, &before);
    must("thread", -pthread_create(&thread, NULL, echo, socket));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void set_timer(long nanoseconds)
{
    struct itimerspec time = {.it_value = {0, nanoseconds}, .it_interval = {0, nanoseconds != 0 ? 100000000 : 0}};
    timer_settime(timer, 0, &time, NULL);
}

static void exchange(int fd, int times)
{
    char octet = 'x';
    for (int i = 0; i < times; i++)
    {
        must("send", (int)send(fd, &octet, 1, 0));
        must("recv", (int)recv(fd, &octet, 1, 0));
    }
}

/* A signal comes soon after the call has begun: in how many rounds is it the first one that ends the call? The others are those
   where it came before the call had begun, which nothing can prevent. */
static void interrupt(const char *what, int fd)
{
    int first = 0, others = 0;
    for (int round = 0; round < ROUNDS; round++)
    {
        char octet = 'n';
        exchange(fd, 20);
        must("send", (int)send(fd, &octet, 1, 0));
        signals = 0;
        set_timer(50000);
        ssize_t result = recv(fd, &octet, 1, 0);
        int error = errno, count = signals;
        set_timer(0);
        if (result >= 0 || error != EINTR)
            others++;
        else if (count == 1)
            first++;
    }
    printf("%s: %s\n", what, others != 0 ? "goes on" : first >= ROUNDS / 4 ? "interrupted at once" : "interrupted late");
}

/* The same with SA_RESTART: the call goes on until there is an answer. */
static void restart(const char *what, int fd)
{
    int answered = 0;
    for (int round = 0; round < ROUNDS; round++)
    {
        char octet = 'w';
        exchange(fd, 20);
        must("send", (int)send(fd, &octet, 1, 0));
        signals = 0;
        set_timer(50000);
        ssize_t result = recv(fd, &octet, 1, 0);
        set_timer(0);
        answered += result == 1 && octet == 'w' && signals > 0;
    }
    printf("%s: answered %d times\n", what, answered);
}

static void *exchange_for_ever(void *socket)
{
    for (;;)
        exchange(*(int *)socket, 1);
    return NULL;
}

static void cancel(const char *what, int *socket)
{
    pthread_t thread;
    void *result = NULL;
    must("thread", -pthread_create(&thread, NULL, exchange_for_ever, socket));
    usleep(20000);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    printf("%s: %s\n", what, result == PTHREAD_CANCELED ? "cancelled" : "ended");
}

static void try(const char *what, int own, int *other)
{
    puts(what);
    start_echo(other);
    install(0);
    interrupt("without SA_RESTART", own);
    install(SA_RESTART);
    restart("with SA_RESTART", own);
    struct timeval timeout = {20, 0};
    must("SO_RCVTIMEO", setsockopt(own, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout));
    interrupt("with SA_RESTART and a time-out", own);
    exchange(own, 20);
    timeout.tv_sec = 0;
    timeout.tv_usec = 1000;
    must("SO_RCVTIMEO", setsockopt(own, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout));
    char octet;
    say("with a time-out that ends", recv(own, &octet, 1, 0));
    timeout.tv_usec = 0;
    must("SO_RCVTIMEO", setsockopt(own, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout));
    cancel("a thread", &own);
}

int main(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    begin();
    must("timer", timer_create(CLOCK_MONOTONIC, &event, &timer));
    connection(ends);
    try("TCP", ends[0], &ends[1]);
    for (int i = 0; i < 2; i++)
        datagrams[i] = bound(SOCK_DGRAM);
    for (int i = 0; i < 2; i++)
    {
        struct sockaddr_in to = local_of(datagrams[1 - i]);
        must("connect", connect(datagrams[i], (struct sockaddr *)&to, sizeof to));
    }
    try("UDP", datagrams[0], &datagrams[1]);
    return 0;
}
