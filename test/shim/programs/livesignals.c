/* Every 200 us a signal handler that makes connections and closes them, over a main program that does the same: nothing
   may hang, be lost or be mixed up, and errno stays. */
#include "transcript.h"
#include <signal.h>
#include <time.h>

#define ROUNDS 1500
#define TURNS 100

/* What the main program uses, and what the handler does: had they one listener, the handler could wait for an octet
   that the program, which it interrupts, is about to send. */
struct sockets
{
    char mark;
    int listener, datagrams;
    struct sockaddr_in listener_at, datagrams_at;
};

static volatile sig_atomic_t rounds, bad;
static int stream[2];
static timer_t timer;
static struct sockets of_main = {.mark = 'm'}, of_handler = {.mark = 'h'};

static void open_sockets(struct sockets *sockets)
{
    sockets->listener = listening();
    sockets->listener_at = local_of(sockets->listener);
    sockets->datagrams = bound(SOCK_DGRAM);
    sockets->datagrams_at = local_of(sockets->datagrams);
}

/* One connection and one datagram from the first call to the last. */
static int use(const struct sockets *sockets)
{
    char octet = 0;
    struct sockaddr_in local;
    socklen_t length = sizeof local;
    int ok = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return 0;
    ok &= connect(fd, (struct sockaddr *)&sockets->listener_at, sizeof sockets->listener_at) == 0 || errno == EINPROGRESS;
    while (poll(&(struct pollfd){fd, POLLOUT, 0}, 1, -1) < 0)
        ;
    ok &= getsockname(fd, (struct sockaddr *)&local, &length) == 0 && local.sin_port != 0;
    ok &= setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) == 0;
    ok &= send(fd, &sockets->mark, 1, MSG_NOSIGNAL) == 1;
    int accepted;
    while ((accepted = accept(sockets->listener, NULL, NULL)) < 0 && errno == EINTR)
        ;
    while (accepted >= 0 && recv(accepted, &octet, 1, 0) < 0 && errno == EINTR)
        ;
    ok &= octet == sockets->mark;
    close(accepted);
    close(fd);

    octet = 0;
    struct sockaddr_in from;
    length = sizeof from;
    ok &= sendto(sockets->datagrams, &sockets->mark, 1, 0, (struct sockaddr *)&sockets->datagrams_at,
        sizeof sockets->datagrams_at) == 1;
    while (recvfrom(sockets->datagrams, &octet, 1, 0, (struct sockaddr *)&from, &length) < 0 && errno == EINTR)
        ;
    ok &= octet == sockets->mark && same(from, sockets->datagrams_at);
    return ok;
}

/* Counted from the handler's end: on a slow machine too, the main program comes to its turn. */
static void arm(long nanoseconds)
{
    struct itimerspec once = {.it_value = {0, nanoseconds}};
    must("timer_settime", timer_settime(timer, 0, &once, NULL));
}

static void handler(int signal)
{
    (void)signal;
    int kept = errno;
    bad += !use(&of_handler);
    rounds++;
    arm(200000);
    errno = kept;
}

int main(void)
{
    begin();
    open_sockets(&of_main);
    open_sockets(&of_handler);
    connection(stream);
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGPROF, &action, NULL);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGPROF};
    must("timer_create", timer_create(CLOCK_MONOTONIC, &event, &timer));
    arm(200000);
    int lost = 0;
    for (int turns = 0; turns < TURNS || rounds < ROUNDS; turns++)
    {
        char octet = 'e';
        bad += !use(&of_main);
        errno = 77;
        lost += send(stream[0], &octet, 1, 0) != 1;
        ssize_t length = recv(stream[1], &octet, 1, MSG_DONTWAIT);
        if (length == 1)
            lost += errno != 77; /* success leaves errno alone */
        else
            while ((length = recv(stream[1], &octet, 1, 0)) < 0 && errno == EINTR)
                ;
        lost += octet != 'e';
    }
    timer_delete(timer);
    printf("bad %d, lost %d\n", (int)bad, lost);
    return 0;
}
