/* Calls that a signal interrupts: with SA_RESTART, without it, and with time-outs, which are never restarted. */
#include "transcript.h"
#include "signals.h"
#include <pthread.h>
#include <sys/time.h>

static int listener, ends[2], datagrams;
static volatile sig_atomic_t finished;
static pthread_t waiter;

/* Signals the waiting thread until its call has ended, or until it has handled some and what ends the call may come. */
static void *interrupt(void *release)
{
    signals = 0;
    do
    {
        usleep(5000); /* it shall be inside its call, which nothing tells; the loop makes up for bad luck */
        pthread_kill(waiter, SIGUSR1);
        usleep(5000);
    } while (release != NULL ? signals < 3 : !finished);
    if (release != NULL)
        (*(void (**)(void))release)();
    return NULL;
}

static void call(void) { close(connected_to(listener)); }
static void send_octet(void) { must("send", (int)send(ends[1], "x", 1, 0)); }

static void send_datagram(void)
{
    struct sockaddr_in to = local_of(datagrams);
    must("sendto", (int)sendto(bound(SOCK_DGRAM), "x", 1, 0, (struct sockaddr *)&to, sizeof to));
}

static long by_accept(void)
{
    int fd = accept(listener, NULL, NULL);
    return fd < 0 ? fd : 0 * close(fd);
}

static long by_recv(void) { char octet; return recv(ends[0], &octet, 1, 0); }
static long by_read(void) { char octet; return read(ends[0], &octet, 1); }
static long by_recvfrom(void)
{
    char octet;
    struct sockaddr_in from;
    return recvfrom(datagrams, &octet, 1, 0, (struct sockaddr *)&from, &(socklen_t){sizeof from});
}
static long by_poll(void) { return poll(&(struct pollfd){ends[0], POLLIN, 0}, 1, -1); }

static void try(const char *what, long (*wait)(void), void (*release)(void))
{
    pthread_t interrupter;
    finished = 0;
    pthread_create(&interrupter, NULL, interrupt, release != NULL ? &release : NULL);
    long result = wait();
    int error = errno;
    finished = 1;
    pthread_join(interrupter, NULL);
    errno = error;
    say(what, result);
}

int main(void)
{
    begin();
    waiter = pthread_self();
    listener = listening();
    datagrams = bound(SOCK_DGRAM);
    connection(ends);
    count_signals(0);
    puts("without SA_RESTART");
    try("accept", by_accept, NULL);
    try("recv", by_recv, NULL);
    try("read", by_read, NULL);
    try("recvfrom of UDP", by_recvfrom, NULL);
    try("poll", by_poll, NULL);
    count_signals(SA_RESTART);
    puts("with SA_RESTART");
    try("accept", by_accept, call);
    try("recv", by_recv, send_octet);
    try("read", by_read, send_octet);
    try("recvfrom of UDP", by_recvfrom, send_datagram);
    try("poll", by_poll, NULL);

    puts("with a time-out");
    struct timeval timeout = {0, 50000};
    must("SO_RCVTIMEO", setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout));
    must("SO_RCVTIMEO", setsockopt(datagrams, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout));
    must("SO_RCVTIMEO", setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout));
    say("recv", by_recv());
    say("recvfrom of UDP", by_recvfrom());
    say("accept", by_accept());
    timeout = (struct timeval){20, 0};
    must("SO_RCVTIMEO", setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout));
    try("interrupted in spite of SA_RESTART", by_recv, NULL);
    must("SO_SNDTIMEO", setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){0, 50000}, sizeof timeout));
    static char block[1 << 20];
    long sent;
    while ((sent = send(ends[0], block, sizeof block, 0)) > 0)
        ;
    say("send", sent);
    return 0;
}
