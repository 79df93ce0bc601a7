/* Signals come all the time, also in the middle of what a call does beside its own work: no call may mistake that for an answer. */
#include "transcript.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#define ROUNDS 20000

static pthread_t pelted;
static atomic_int is_over, count;

static void on_signal(int signal)
{
    count += signal == SIGUSR1;
}

/* One signal at a time: with more of them the other would not get on. */
static void *pelt(void *nothing)
{
    while (!is_over)
    {
        int before = count;
        pthread_kill(pelted, SIGUSR1);
        while (count == before && !is_over)
            sched_yield();
    }
    return nothing;
}

/* An empty datagram is 0 octets, which is no end. */
static void empty_datagrams(void)
{
    int fd = bound(SOCK_DGRAM), wrong = 0;
    struct sockaddr_in self = local_of(fd);
    char octet;
    must("connect", connect(fd, (struct sockaddr *)&self, sizeof self));
    for (int i = 0; i < ROUNDS; i++)
    {
        if (send(fd, "", 0, 0) != 0 || read(fd, &octet, 1) != 0)
            wrong++;
    }
    printf("empty datagrams, wrong: %d\n", wrong);
    close(fd);
}

int main(void)
{
    begin();
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    pelted = pthread_self();
    pthread_t pelter;
    pthread_create(&pelter, NULL, pelt, NULL);
    empty_datagrams();
    is_over = 1;
    pthread_join(pelter, NULL);
    printf("signals came: %d\n", count > ROUNDS / 100);
    return 0;
}
