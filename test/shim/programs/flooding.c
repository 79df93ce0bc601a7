/* A UDP socket that sends so much that it has a ring: what it sends must arrive as through the kernel's sockets. */
#include "transcript.h"
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>

#define WINDOW 32
#define LARGEST 9000
#define STREAMS 8

/* What the sockets' ends know of each other, in memory that children share. */
struct board
{
    atomic_uint sent[STREAMS], taken[STREAMS];
    atomic_uint wrong;
};

/* The begin of each datagram; its octets after that follow from the number. */
struct start
{
    unsigned stream, number;
};

static struct board *board;
static int receiver, sender;
static struct sockaddr_in at;

static unsigned size_of(unsigned number)
{
    return sizeof(struct start) + (number % 97 == 0 ? number * 7 % LARGEST : number % 200);
}

static void fill(char *octets, unsigned stream, unsigned number)
{
    struct start start = {stream, number};
    memcpy(octets, &start, sizeof start);
    memset(octets + sizeof start, (int)number, size_of(number) - sizeof start);
}

static int is_right(const char *octets, ssize_t length, const struct start *start)
{
    if (start->stream >= STREAMS || length != (ssize_t)size_of(start->number))
        return 0;
    for (ssize_t i = sizeof *start; i < length; i++)
    {
        if (octets[i] != (char)start->number)
            return 0;
    }
    return 1;
}

/* Takes datagrams until there are none for a while; each stream's numbers have to follow each other. */
static void *take(void *nothing)
{
    char octets[2 * LARGEST];
    ssize_t length;
    while ((length = recv(receiver, octets, sizeof octets, 0)) > 0)
    {
        struct start start;
        memcpy(&start, octets, sizeof start);
        if (!is_right(octets, length, &start))
            board->wrong++;
        else if (start.number != board->taken[start.stream]++)
            board->wrong++;
    }
    return nothing;
}

/* The taker hears no timer: two handlers at once would send one stream in any order. */
static void start_taking(void)
{
    sigset_t timer;
    sigemptyset(&timer);
    sigaddset(&timer, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &timer, NULL);
    pthread_t taker;
    pthread_create(&taker, NULL, take, NULL);
    pthread_sigmask(SIG_UNBLOCK, &timer, NULL);
}

/* The number of the stream's next datagram, when no more are under way than fit. */
static unsigned next_of(unsigned stream)
{
    unsigned number = board->sent[stream]++;
    while (number - board->taken[stream] >= WINDOW)
        sched_yield();
    return number;
}

static void send_in(int form, unsigned stream)
{
    char octets[LARGEST + 100];
    unsigned number = next_of(stream), size = size_of(number);
    fill(octets, stream, number);
    struct iovec parts[3] = {{octets, 5}, {octets + 5, 0}, {octets + 5, size - 5}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};
    struct mmsghdr several[1] = {{.msg_hdr = message}};
    long sent = -1;
    switch (form % 5)
    {
    case 0: sent = send(sender, octets, size, 0); break;
    case 1: sent = sendto(sender, octets, size, 0, (struct sockaddr *)&at, sizeof at); break;
    case 2: sent = sendmsg(sender, &message, 0); break;
    case 3: sent = sendmmsg(sender, several, 1, 0) == 1 ? (long)several[0].msg_len : -1; break;
    case 4: sent = send(sender, octets, size, MSG_DONTWAIT); break;
    }
    if (sent != (long)size)
        board->wrong++;
}

static int has_ring(void)
{
    char line[500];
    int found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps) != NULL)
        found |= strstr(line, "pyco-send-ring") != NULL;
    fclose(maps);
    return found;
}

/* Sends into the void until the socket is busy enough; on the kernel's there is no ring to wait for. */
static void make_busy(int fd)
{
    time_t end = time(NULL) + PATIENCE_SECONDS / 2;
    int is_ours = getenv("PYCO_HOST") != NULL, sink = bound(SOCK_DGRAM);
    struct sockaddr_in void_address = local_of(sink);
    do
    {
        for (int i = 0; i < 2000; i++)
            sendto(fd, "", 1, 0, (struct sockaddr *)&void_address, sizeof void_address);
    } while (is_ours && !has_ring() && time(NULL) < end);
    printf("as busy as it has to be: %d\n", has_ring() == is_ours);
    close(sink);
}

/* Waits until all that was sent has come, or does not come. */
static void await(const char *what)
{
    for (int stream = 0; stream < STREAMS; stream++)
    {
        for (int i = 0; i < 5000 && board->taken[stream] != board->sent[stream]; i++)
            usleep(1000);
        if (board->taken[stream] != board->sent[stream])
            printf("stream %d, sent %u, taken %u\n", stream, board->sent[stream], board->taken[stream]);
    }
    if (what != NULL)
        printf("%s: wrong %u\n", what, board->wrong);
}

static void send_many(int count, void *stream)
{
    for (int i = 0; i < count; i++)
        send_in(i, (unsigned)(long)stream);
}

static void *send_stream(void *stream)
{
    send_many(3000, stream);
    return NULL;
}

static void *begin_stream(void *stream)
{
    send_many(500, stream);
    return NULL;
}

static void send_by_threads(void *run(void *))
{
    pthread_t thread[3];
    for (long i = 0; i < 3; i++)
        pthread_create(&thread[i], NULL, run, (void *)(i + 1));
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
}

static void threads(void)
{
    send_by_threads(send_stream);
    await("threads");
}

/* Others are in the middle of sending when a socket gets its ring. */
static void beginnings(void)
{
    int before = sender;
    time_t end = time(NULL) + PATIENCE_SECONDS / 4; /* on a busy machine there are fewer */
    for (int round = 0; round < 60 && time(NULL) < end; round++)
    {
        sender = bound(SOCK_DGRAM);
        must("connect", connect(sender, (struct sockaddr *)&at, sizeof at));
        send_by_threads(begin_stream);
        await(NULL);
        close(sender);
    }
    sender = before;
    await("threads, from the beginning");
}

static void processes(void)
{
    pid_t child = fork();
    if (child == 0)
    {
        send_stream((void *)4);
        _exit(0);
    }
    send_stream((void *)5);
    printf("child: %d\n", exit_status_of(child));
    await("processes");
}

static void on_timer(int signal)
{
    int error = errno;
    if (signal == SIGALRM && board->sent[6] - board->taken[6] < WINDOW / 2)
        send_in(0, 6);
    errno = error;
}

static void signals(void)
{
    alarm(0);
    struct sigaction action = {.sa_handler = on_timer, .sa_flags = SA_RESTART}, before;
    sigaction(SIGALRM, &action, &before);
    struct itimerval fast = {{0, 200}, {0, 200}}, none = {0};
    setitimer(ITIMER_REAL, &fast, NULL);
    send_stream((void *)0);
    setitimer(ITIMER_REAL, &none, NULL);
    sigaction(SIGALRM, &before, NULL);
    alarm(PATIENCE_SECONDS);
    await("signals");
}

/* A child that knows nothing of the ring: only the descriptor comes along. */
static void after_exec(const char *program)
{
    char fd[20], port[20];
    snprintf(fd, sizeof fd, "%d", sender);
    snprintf(port, sizeof port, "%d", ntohs(at.sin_port));
    char *words[] = {(char *)program, fd, port, NULL};
    extern char **environ;
    pid_t child;
    if (posix_spawn(&child, program, NULL, NULL, words, environ) != 0)
        printf("no child\n");
    printf("child after exec: %d\n", exit_status_of(child));
    send_stream((void *)0);
    await("after exec");
}

static int run_child(char **words)
{
    sender = atoi(words[1]);
    struct sockaddr_in to = loopback(atoi(words[2]));
    int other = bound(SOCK_DGRAM);
    struct sockaddr_in aside = local_of(other);
    for (int i = 0; i < 3000; i++) /* not to the receiver, who counts */
        sendto(sender, "", 1, 0, (struct sockaddr *)&aside, sizeof aside);
    return connect(sender, (struct sockaddr *)&to, sizeof to) == 0 ? 0 : 1;
}

static int count_waiting(int fd)
{
    char octet;
    int count = 0;
    while (recv(fd, &octet, 1, MSG_DONTWAIT) >= 0)
        count++;
    return count;
}

/* Each datagram goes to whom the socket is connected when it is sent. */
static void changes_of_mind(void)
{
    int one = bound(SOCK_DGRAM), other = bound(SOCK_DGRAM), right = 1;
    struct sockaddr_in first = local_of(one), second = local_of(other);
    for (int round = 0; round < 100; round++)
    {
        connect(sender, (struct sockaddr *)&first, sizeof first);
        for (int i = 0; i < 20; i++)
            send(sender, "", 1, 0);
        connect(sender, (struct sockaddr *)&second, sizeof second);
        for (int i = 0; i < 10; i++)
            send(sender, "", 1, 0);
        usleep(1000);
        while (ready(other, POLLIN) == 0)
            usleep(1000);
        usleep(1000);
        right &= count_waiting(one) == 20 && count_waiting(other) == 10;
    }
    printf("to whom it was connected: %d\n", right);
    close(one);
    close(other);
    connect(sender, (struct sockaddr *)&at, sizeof at);
}

/* The number of a socket with a ring becomes another socket's, and is closed behind its last datagram. */
static void numbers(void)
{
    int sink = bound(SOCK_DGRAM), other = bound(SOCK_DGRAM), right = 1;
    struct sockaddr_in to = local_of(sink), other_name = local_of(other), from;
    int busy = dup(sender);
    for (int i = 0; i < 50; i++)
        sendto(busy, "", 1, 0, (struct sockaddr *)&to, sizeof to);
    dup2(other, busy);
    sendto(busy, "last", 4, 0, (struct sockaddr *)&to, sizeof to);
    char text[10];
    for (int i = 0; i < 51; i++)
    {
        socklen_t length = sizeof from;
        ssize_t taken = recvfrom(sink, text, sizeof text, 0, (struct sockaddr *)&from, &length);
        right &= (taken == 4) == same(from, other_name);
    }
    printf("each from its own socket: %d\n", right);
    close(busy);
    close(other);

    other = dup(sender);
    close(sender);
    for (int i = 0; i < 50; i++)
        sendto(other, "", 1, 0, (struct sockaddr *)&to, sizeof to);
    close(other);
    int count = 0;
    struct timeval patience = {5, 0};
    setsockopt(sink, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    while (count < 50 && recv(sink, text, sizeof text, 0) >= 0)
        count++;
    printf("sent before the close: %d\n", count);
}

int main(int count, char **words)
{
    begin();
    if (count == 3)
        return run_child(words);
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    receiver = bound(SOCK_DGRAM);
    sender = bound(SOCK_DGRAM);
    at = local_of(receiver);
    must("connect", connect(sender, (struct sockaddr *)&at, sizeof at));
    make_busy(sender);
    start_taking();
    send_stream((void *)0);
    await("one thread");
    threads();
    beginnings();
    processes();
    signals();
    after_exec(words[0]);
    changes_of_mind();
    numbers();
    return 0;
}
