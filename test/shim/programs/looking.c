/* Calls that look for data before they sleep, because answers come fast: signals interrupt them, and threads can be cancelled.
   The program has no other threads until the end, for where there are any, calls look only while all handlers let them go on. */
#include "transcript.h"
#include "signals.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>

#define ROUNDS 20

static int ends[2], datagrams[2];
static timer_t timer;

/* Another process, which sends back what it gets: at once, after a while ('w'), ten times ('t') or never ('n'). */
static pid_t start_echo(int fd)
{
    char octet, ten[10];
    pid_t pid = must("fork", fork());
    if (pid != 0)
        return pid;
    close(ends[0]);
    while (recv(fd, &octet, 1, 0) == 1)
    {
        memset(ten, octet, sizeof ten);
        if (octet == 'w')
            usleep(20000);
        if (octet != 'n' && send(fd, ten, octet == 't' ? 10 : 1, MSG_NOSIGNAL) < 1)
            break;
    }
    _exit(0);
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

/* What the program has blocked stays blocked while a call looks. */
static void blocked_signals(int fd)
{
    sigset_t all, before, pending;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    raise(SIGBUS);
    raise(SIGUSR1);
    signals = 0;
    exchange(fd, 300);
    sigpending(&pending);
    printf("blocked signals: %d came, %d and %d wait\n", signals, sigismember(&pending, SIGBUS), sigismember(&pending, SIGUSR1));
    signal(SIGBUS, SIG_IGN);
    sigprocmask(SIG_SETMASK, &before, NULL);
    printf("let in: %d came\n", signals);
}

/* Options of a call that say what it waits for. */
static void whole(int fd)
{
    char octets[10], octet = 't';
    int complete = 0;
    for (int round = 0; round < ROUNDS; round++)
    {
        exchange(fd, 20);
        must("send", (int)send(fd, &octet, 1, 0));
        complete += recv(fd, octets, sizeof octets, MSG_WAITALL) == sizeof octets;
    }
    printf("with MSG_WAITALL: all octets %d times\n", complete);
    exchange(fd, 20);
    must("send", (int)send(fd, "x", 1, 0));
    say("a look", recv(fd, &octet, 1, MSG_PEEK));
    say("what was looked at", recv(fd, &octet, 1, 0));
    exchange(fd, 20);
    must("send", (int)send(fd, "n", 1, 0));
    say("without waiting", recv(fd, &octet, 1, MSG_DONTWAIT));
    must("O_NONBLOCK", fcntl(fd, F_SETFL, O_NONBLOCK));
    must("send", (int)send(fd, "n", 1, 0));
    say("with O_NONBLOCK", recv(fd, &octet, 1, 0));
    must("O_NONBLOCK", fcntl(fd, F_SETFL, 0));
}

static void *exchange_for_ever(void *socket)
{
    for (;;)
        exchange(*(int *)socket, 1);
    return NULL;
}

/* recvmsg() gives the caller's structure back as it was. */
static void interrupt_message(int fd)
{
    int kept = 0;
    for (int round = 0; round < ROUNDS; round++)
    {
        char octet = 'n';
        struct sockaddr_in name;
        struct iovec vector = {&octet, 1};
        struct msghdr message = {.msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &vector, .msg_iovlen = 1};
        exchange(fd, 20);
        must("send", (int)send(fd, &octet, 1, 0));
        set_timer(50000);
        ssize_t result = recvmsg(fd, &message, 0);
        set_timer(0);
        kept += result < 0 && message.msg_name == &name && message.msg_namelen == sizeof name;
    }
    printf("recvmsg: structure kept %d times\n", kept);
}

static int pair[2];
static ssize_t last;
static volatile int waits;

static void *wait_for_none(void *unused)
{
    (void)unused;
    char octet = 'n';
    must("send", (int)send(pair[0], &octet, 1, 0));
    waits = 1;
    last = recv(pair[0], &octet, 1, 0);
    return NULL;
}

/* As programs end a thread that waits: although the descriptor is gone at once, it sees an end of file, unless it had not begun to wait. */
static void end_by_shutdown(void)
{
    int ended = 0;
    for (int round = 0; round < ROUNDS; round++)
    {
        pthread_t thread;
        connection(pair);
        waits = 0;
        pid_t child = start_echo(pair[1]);
        close(pair[1]);
        exchange(pair[0], 30);
        must("thread", -pthread_create(&thread, NULL, wait_for_none, NULL));
        while (!waits)
            sched_yield();
        struct timespec now, begin;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        do
            clock_gettime(CLOCK_MONOTONIC, &now);
        while ((now.tv_sec - begin.tv_sec) * 1000000000 + now.tv_nsec - begin.tv_nsec < 30000);
        shutdown(pair[0], SHUT_RDWR);
        close(pair[0]);
        pthread_join(thread, NULL);
        ended += last == 0;
        exit_status_of(child);
    }
    printf("shut down and closed in another thread: %s\n", ended >= ROUNDS * 3 / 4 ? "ended" : "failed");
}

static void cancel(int *socket)
{
    pthread_t thread;
    void *result = NULL;
    must("thread", -pthread_create(&thread, NULL, exchange_for_ever, socket));
    usleep(20000);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    printf("a thread: %s\n", result == PTHREAD_CANCELED ? "cancelled" : "ended");
}

static void try(const char *what, int own)
{
    puts(what);
    count_signals(0);
    interrupt("without SA_RESTART", own);
    interrupt_message(own);
    blocked_signals(own);
    count_signals(SA_RESTART);
    restart("with SA_RESTART", own);
    struct timeval timeout = {20, 0};
    must("SO_RCVTIMEO", setsockopt(own, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout));
    interrupt("with SA_RESTART and a time-out", own);
    exchange(own, 20);
    timeout.tv_sec = 0;
    timeout.tv_usec = 1000;
    must("SO_RCVTIMEO", setsockopt(own, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout));
    char octet;
    must("send", (int)send(own, "n", 1, 0));
    say("with a time-out that ends", recv(own, &octet, 1, 0));
    timeout.tv_usec = 0;
    must("SO_RCVTIMEO", setsockopt(own, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout));
}

int main(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    pid_t echoes[2];
    begin();
    must("timer", timer_create(CLOCK_MONOTONIC, &event, &timer));
    connection(ends);
    echoes[0] = start_echo(ends[1]);
    close(ends[1]);
    try("TCP", ends[0]);
    whole(ends[0]);
    for (int i = 0; i < 2; i++)
        datagrams[i] = bound(SOCK_DGRAM);
    for (int i = 0; i < 2; i++)
    {
        struct sockaddr_in to = local_of(datagrams[1 - i]);
        must("connect", connect(datagrams[i], (struct sockaddr *)&to, sizeof to));
    }
    echoes[1] = start_echo(datagrams[1]);
    try("UDP", datagrams[0]);
    end_by_shutdown();
    cancel(&datagrams[0]);
    for (int i = 0; i < 2; i++)
    {
        kill(echoes[i], SIGTERM);
        exit_status_of(echoes[i]);
    }
    return 0;
}
