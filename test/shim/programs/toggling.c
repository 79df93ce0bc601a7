/* Threads and processes that set options of a socket while others write on it: what arrives are the octets that were written. */
#include "transcript.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>

#define ROUNDS 40
#define CONNECTS 200
#define WRITERS 4
#define OCTETS 150000
#define LARGEST 70000

static int writing, connecting;

static void toggle(int fd, unsigned *seed)
{
    int value = rand_r(seed) % 2;
    int result = rand_r(seed) % 3 != 0
        ? setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value)
        : setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, sizeof value);
    if (result < 0)
        say("setsockopt", result);
}

/* Each writer's octets bear its number and count: whatever else is in the stream or missing from it breaks the order. */
static void write_counted(int fd, int writer, int flags, unsigned seed)
{
    static __thread unsigned char octets[LARGEST];
    for (int done = 0; done < OCTETS;)
    {
        int length = rand_r(&seed) % 4 ? 1 + rand_r(&seed) % 40 : 1 + rand_r(&seed) % LARGEST;
        if (length > OCTETS - done)
            length = OCTETS - done;
        for (int i = 0; i < length; i++)
            octets[i] = (unsigned char)(writer << 6 | ((done + i) & 63));
        ssize_t sent = send(fd, octets, length, flags | MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN)
            wait_for(fd, POLLOUT);
        else
            done += must("send", (int)sent);
        if (rand_r(&seed) % 4 == 0)
            toggle(fd, &seed);
    }
}

static void *toggle_meanwhile(void *socket)
{
    unsigned seed = (unsigned)pthread_self();
    while (__atomic_load_n(&writing, __ATOMIC_RELAXED))
    {
        toggle(*(int *)socket, &seed);
        usleep(rand_r(&seed) % 200);
    }
    return NULL;
}

/* Without a pause, but not so often during connect() that the send buffer is full of it. */
static void *toggle_around_connect(void *socket)
{
    for (int on = 0, left = 30; left > 0; on = !on, left -= __atomic_load_n(&connecting, __ATOMIC_RELAXED))
        setsockopt(*(int *)socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return NULL;
}

struct writer
{
    pthread_t thread;
    int fd, number;
};

static void *write_as_thread(void *given)
{
    struct writer *writer = given;
    write_counted(writer->fd, writer->number, writer->number % 2 ? MSG_DONTWAIT : 0, (unsigned)writer->fd * 7 + writer->number);
    return NULL;
}

/* Two threads and two children, the children with a thread more that only sets options. */
static void write_by_all(int fd)
{
    struct writer writers[WRITERS / 2];
    pid_t children[WRITERS / 2];
    for (int i = 0; i < WRITERS / 2; i++)
    {
        children[i] = fork();
        if (children[i] == 0)
        {
            alarm(PATIENCE_SECONDS);
            pthread_t other;
            pthread_create(&other, NULL, toggle_meanwhile, &fd);
            write_counted(fd, WRITERS / 2 + i, i ? MSG_DONTWAIT : 0, (unsigned)getpid());
            _exit(0);
        }
    }
    for (int i = 0; i < WRITERS / 2; i++)
    {
        writers[i] = (struct writer){.fd = fd, .number = i};
        pthread_create(&writers[i].thread, NULL, write_as_thread, &writers[i]);
    }
    for (int i = 0; i < WRITERS / 2; i++)
        pthread_join(writers[i].thread, NULL);
    for (int i = 0; i < WRITERS / 2; i++)
        must("child", -exit_status_of(children[i]));
}

static void *read_counted(void *socket)
{
    static unsigned char octets[30000];
    int counts[WRITERS] = {0}, wrong = 0;
    ssize_t length;
    while ((length = recv(*(int *)socket, octets, sizeof octets, 0)) > 0)
    {
        for (ssize_t i = 0; i < length; i++)
            wrong += (counts[octets[i] >> 6]++ & 63) != (octets[i] & 63);
        if (length % 7 == 0)
            usleep(500); /* so that the writers must wait at times */
    }
    if (length < 0)
        say("recv", length);
    for (int i = 0; i < WRITERS; i++)
        wrong += counts[i] != OCTETS;
    return (void *)(long)wrong;
}

/* One round: a connection, both ends of which set options, one of which writes. */
static long round_of(int number)
{
    int ends[2];
    void *wrong;
    pthread_t reader, toggler;
    connection(ends);
    int from = ends[number % 2], to = ends[(number + 1) % 2];
    writing = 1;
    pthread_create(&reader, NULL, read_counted, &to);
    pthread_create(&toggler, NULL, toggle_meanwhile, number % 3 ? &from : &to);
    write_by_all(from);
    if (number % 4 >= 2)
        shutdown(from, SHUT_WR); /* while the thread still sets options */
    writing = 0;
    pthread_join(toggler, NULL);
    close(from);
    pthread_join(reader, &wrong);
    close(to);
    return (long)wrong;
}

/* One thread sets an option while another is inside connect(): the socket is connected after that, and its end arrives. */
static long connect_meanwhile(int listener, struct sockaddr_in at)
{
    pthread_t toggler;
    char octets[8];
    int fd = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    connecting = 0;
    pthread_create(&toggler, NULL, toggle_around_connect, &fd);
    usleep(20);
    __atomic_store_n(&connecting, 1, __ATOMIC_RELAXED);
    must("connect", connect(fd, (struct sockaddr *)&at, sizeof at));
    must("send", (int)send(fd, "octets", 6, MSG_NOSIGNAL));
    int result = shutdown(fd, SHUT_WR);
    pthread_join(toggler, NULL);
    close(fd);
    int accepted = must("accept", accept(listener, NULL, NULL));
    ssize_t length = recv(accepted, octets, sizeof octets, MSG_WAITALL);
    close(accepted);
    return result != 0 || length != 6 || memcmp(octets, "octets", 6) != 0;
}

/* A server at the limit of its descriptors has a number for the connection, and for nothing else. */
static void without_descriptors(void)
{
    int ends[2], on = 1, last, filler[64], count = 0;
    connection(ends);
    struct rlimit limit;
    must("getrlimit", getrlimit(RLIMIT_NOFILE, &limit));
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 50;
    must("setrlimit", setrlimit(RLIMIT_NOFILE, &limit));
    while ((last = dup(0)) >= 0)
        filler[count++] = last;
    say("no number left", last);
    for (int i = 0; i < 2; i++)
    {
        say("TCP_NODELAY", setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
        say("SO_KEEPALIVE", setsockopt(ends[i], SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on));
        transfer("and then", ends[i], ends[1 - i], "what was written");
    }
    while (count > 0)
        close(filler[--count]);
    limit.rlim_cur = before;
    must("setrlimit", setrlimit(RLIMIT_NOFILE, &limit));
    close(ends[0]);
    char octet;
    say("end", recv(ends[1], &octet, 1, 0));
    close(ends[1]);
}

int main(void)
{
    begin();
    without_descriptors();
    long wrong = 0;
    for (int i = 0; i < ROUNDS; i++)
        wrong += round_of(i);
    printf("wrong octets: %ld\n", wrong);

    int listener = listening();
    struct sockaddr_in at = local_of(listener);
    long bad = 0;
    for (int i = 0; i < CONNECTS; i++)
        bad += connect_meanwhile(listener, at);
    printf("bad connections: %ld\n", bad);
    return 0;
}
