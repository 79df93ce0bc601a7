/* A UDP socket that got so busy that it has a ring: all calls of it must go on as the kernel's do. */
#include "busy.h"
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>

#define SHARED_COUNT 20000

static void calls(void)
{
    unsigned first = sent, number = 0, others[8];
    int available = -1;
    send_some(5);
    printf("readable %d\n", is_readable(5000));
    pause_for(50000000);
    ioctl(receiver, FIONREAD, &available);
    printf("FIONREAD %d\n", available);
    printf("peek %zd", recv(receiver, &number, sizeof number, MSG_PEEK));
    printf(" of number %u\n", number - first);
    printf("short %zd\n", recv(receiver, &number, 1, 0));
    printf("trunc %zd\n", recv(receiver, &number, 1, MSG_TRUNC));
    struct sockaddr_in name;
    struct iovec parts[2] = {{&number, 1}, {(char *)&number + 1, 2}};
    struct msghdr message = {.msg_name = &name, .msg_namelen = sizeof name, .msg_iov = parts, .msg_iovlen = 2};
    printf("recvmsg %zd", recvmsg(receiver, &message, 0));
    printf(" flags %d from the sender %d\n", message.msg_flags, name.sin_port == from.sin_port);
    printf("read %zd", read(receiver, &number, sizeof number));
    printf(" number %u\n", number - first);
    printf("readable %d\n", is_readable(0));
    parts[1].iov_len = 3;
    printf("readv %zd", readv(receiver, parts, 2));
    printf(" number %u\n", number - first);
    printf("readable %d\n", is_readable(100));
    printf("nothing %zd", recv(receiver, &number, sizeof number, MSG_DONTWAIT));
    printf(" %s\n", strerror(errno));
    ioctl(receiver, FIONREAD, &available);
    printf("FIONREAD %d\n", available);

    struct timeval soon = {0, 50000}, later = {10, 0};
    setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    printf("time-out %zd", recv(receiver, &number, sizeof number, 0));
    printf(" %s\n", strerror(errno));
    setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &later, sizeof later);

    send_some(5);
    pause_for(50000000);
    struct mmsghdr several[8] = {0};
    struct iovec vectors[8];
    for (int i = 0; i < 8; i++)
    {
        vectors[i] = (struct iovec){&others[i], sizeof others[i]};
        several[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    printf("recvmmsg %d", recvmmsg(receiver, several, 8, MSG_WAITFORONE, NULL));
    printf(" last %u\n", others[4] - others[0]);

    int on = 1;
    setsockopt(receiver, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    char control[128];
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    send_some(1);
    recvmsg(receiver, &message, 0);
    struct cmsghdr *info = CMSG_FIRSTHDR(&message);
    printf("PKTINFO %d\n", info != NULL && info->cmsg_type == IP_PKTINFO &&
        ((struct in_pktinfo *)CMSG_DATA(info))->ipi_addr.s_addr == htonl(INADDR_LOOPBACK));
}

static void epoll(int flags, const char *name)
{
    int set = epoll_create1(0), seen = 0;
    struct epoll_event event = {.events = EPOLLIN | flags};
    epoll_ctl(set, EPOLL_CTL_ADD, receiver, &event);
    int quiet = epoll_wait(set, &event, 1, 50);
    for (int round = 0; round < 200; round++)
    {
        send_some(1 + round % 3);
        int wanted = 1 + round % 3;
        while (wanted > 0 && epoll_wait(set, &event, 1, 5000) == 1)
            wanted -= drain();
        seen += wanted == 0;
    }
    printf("epoll %s: quiet %d, rounds %d, quiet %d\n", name, quiet, seen, epoll_wait(set, &event, 1, 50));
    close(set);
}

static void *flood(void *unused)
{
    for (int round = 0; round < 3000; round++)
    {
        send_some(WINDOW);
        if (round % 7 == 0)
            pause_for(200000);
    }
    return unused;
}

/* recv() may wait, but must not have to: poll() has said that there is something. */
static void poll_before_each(void)
{
    pthread_t thread;
    unsigned number, last = 0;
    int wrong = 0, failed = 0;
    struct timeval soon = {1, 0};
    setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    pthread_create(&thread, NULL, flood, NULL);
    while (is_readable(1000))
    {
        failed += recv(receiver, &number, sizeof number, 0) != sizeof number;
        wrong += number < last;
        last = number + 1;
    }
    pthread_join(thread, NULL);
    printf("poll and recv: out of order %d, waited in vain %d, to the last %d\n", wrong, failed, last > sent - 40000);
}

struct board
{
    unsigned count;
    unsigned char seen[SHARED_COUNT];
};

static struct board *board;

static void *take(void *nothing)
{
    unsigned number;
    while (board->count < SHARED_COUNT)
    {
        if (recv(receiver, &number, sizeof number, 0) != sizeof number || number >= SHARED_COUNT)
            continue;
        __atomic_fetch_add(&board->seen[number], 1, __ATOMIC_RELAXED);
        __atomic_fetch_add(&board->count, 1, __ATOMIC_RELAXED);
    }
    return nothing;
}

static void *take_in_thread(void *nothing) { return take(nothing); }

/* Windows, so that none need be lost: each datagram is counted before the next window. */
static unsigned send_windows(unsigned allowed)
{
    unsigned missing = 0;
    for (sent = 0; sent < SHARED_COUNT;)
    {
        send_some(WINDOW);
        for (int tries = 0; board->count + missing < sent && tries < 20000; tries++)
            pause_for(50000);
        if (board->count + missing < sent)
            missing = sent - board->count;
        if (missing > allowed)
            break;
    }
    return missing;
}

static void share(int threads, int processes, int kills)
{
    pid_t children[8];
    pthread_t workers[8];
    struct timeval soon = {0, 100000};
    setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    drain();
    memset(board, 0, sizeof *board);
    for (int i = 0; i < processes; i++)
    {
        fflush(stdout);
        children[i] = fork();
        if (children[i] == 0)
        {
            take(NULL);
            _exit(0);
        }
    }
    for (int i = 0; i < threads; i++)
        pthread_create(&workers[i], NULL, take_in_thread, NULL);
    unsigned missing = 0;
    if (kills)
    {
        pthread_t thread;
        pthread_create(&thread, NULL, flood, NULL); /* the numbers do not matter here */
        pause_for(20000000);
        kill(children[0], SIGKILL);
        pthread_join(thread, NULL);
        pause_for(300000000);
        memset(board, 0, sizeof *board);
    }
    missing = send_windows(0);
    unsigned twice = 0;
    for (int i = 0; i < SHARED_COUNT; i++)
        twice += board->seen[i] > 1;
    board->count = SHARED_COUNT;
    for (int i = 0; i < threads; i++)
        pthread_join(workers[i], NULL);
    for (int i = 0; i < processes; i++)
        waitpid(children[i], NULL, 0);
    printf("%d threads, %d processes, killed %d: missing %u, twice %u\n", threads, processes, kills, missing, twice);
}

static int woken;

static void *take_one(void *nothing)
{
    unsigned number;
    if (recv(receiver, &number, sizeof number, 0) == sizeof number)
        __atomic_fetch_add(&woken, 1, __ATOMIC_RELAXED);
    return nothing;
}

/* Who sleeps in recv() is woken for what others leave. */
static void each_takes_one(void)
{
    pthread_t workers[3];
    int complete = 0;
    struct timeval patience = {5, 0};
    setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    while (is_readable(50))
        drain();
    for (int round = 0; round < 20; round++)
    {
        woken = 0;
        for (int i = 0; i < 3; i++)
            pthread_create(&workers[i], NULL, take_one, NULL);
        pause_for(10000000);
        send_some(3);
        for (int i = 0; i < 3; i++)
            pthread_join(workers[i], NULL);
        complete += woken == 3;
    }
    printf("each takes one: %d\n", complete);
}

/* The error queue of a busy socket: what was taken there is not told again. */
static void queued_error(void)
{
    int on = 1, other = bound(SOCK_DGRAM);
    unsigned number;
    struct sockaddr_in nobody = local_of(other);
    close(other);
    setsockopt(receiver, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
    sendto(receiver, "x", 1, 0, (struct sockaddr *)&nobody, sizeof nobody);
    struct pollfd entry = {receiver, POLLIN, 0};
    printf("told of it: %d\n", poll(&entry, 1, 5000));
    say("MSG_ERRQUEUE", recv(receiver, &number, sizeof number, MSG_ERRQUEUE));
    printf("then readable %d\n", is_readable(50));
    say("recv", recv(receiver, &number, sizeof number, MSG_DONTWAIT));
    say("MSG_ERRQUEUE", recv(receiver, &number, sizeof number, MSG_ERRQUEUE));
}

/* Somebody else who has the memory writes nonsense into it: datagrams may be lost, nothing else. */
static void nonsense(void)
{
    char line[500], *ring = NULL;
    unsigned numbers[4] = {0, 77, 77, 77};
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps) != NULL)
    {
        if (strstr(line, "pyco-ring") != NULL)
            ring = (char *)strtoul(line, NULL, 16);
    }
    fclose(maps);
    for (int round = 0; round < 3; round++)
    {
        send_some(1);
        is_readable(5000);
        pause_for(50000000);
        if (ring != NULL)
        {
            char *record = ring + 4096 + *(unsigned long *)(ring + 64) % (1 << 20);
            if (round == 0)
                *(int *)(record + 16) = -1000000; /* the error */
            else if (round == 1)
                *(unsigned *)record = 1 << 24; /* the length */
        }
        long length = recv(receiver, numbers, sizeof numbers[0], MSG_DONTWAIT);
        printf("no more than there is room for: %d\n", length <= (long)sizeof numbers[0] && numbers[1] == 77);
    }
    while (is_readable(50))
        drain();
    send_some(1);
    printf("and it goes on: %d\n", is_readable(5000) && drain() == 1);
}

static void connected(void)
{
    unsigned number = 0;
    int other = socket(AF_INET, SOCK_DGRAM, 0);
    drain();
    connect(receiver, (struct sockaddr *)&from, sizeof from);
    sendto(other, "stranger", 8, 0, (struct sockaddr *)&at, sizeof at);
    unsigned first = sent;
    send_some(2);
    printf("connected: %zd", recv(receiver, &number, sizeof number, 0));
    printf(" %u", number - first);
    printf(", %zd", recv(receiver, &number, sizeof number, 0));
    printf(" %u\n", number - first);
    printf("then %zd\n", recv(receiver, &number, sizeof number, MSG_DONTWAIT));
    close(sender);
    pause_for(50000000);
    send(receiver, "x", 1, 0);
    printf("closed port %zd", recv(receiver, &number, sizeof number, 0));
    printf(" %s\n", strerror(errno));
    close(other);
    close(receiver);
}

/* Each of several rings has a number of its own, which must not be taken for anything else. */
static void numbered(void)
{
    int descriptors[10];
    for (int i = 0; i < 10; i += 2)
    {
        struct sockaddr_in own = {0}, peer = {0};
        socklen_t length = sizeof own;
        make_busy();
        connect(receiver, (struct sockaddr *)&from, sizeof from);
        getsockname(receiver, (struct sockaddr *)&own, &length);
        getpeername(receiver, (struct sockaddr *)&peer, &length);
        printf("names: %d %d\n", own.sin_port == at.sin_port, peer.sin_port == from.sin_port);
        say("accept", accept(receiver, NULL, NULL));
        say("listen", listen(receiver, 1));
        say("shutdown", shutdown(receiver, SHUT_RD));
        descriptors[i] = receiver;
        descriptors[i + 1] = sender;
    }
    for (int i = 0; i < 10; i++)
        close(descriptors[i]);
}

int main(void)
{
    begin();
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    make_busy();
    calls();
    epoll(0, "level");
    epoll(EPOLLET, "edge");
    poll_before_each();
    share(3, 0, 0);
    share(0, 3, 0);
    share(1, 2, 1);
    each_takes_one();
    queued_error();
    nonsense();
    connected();
    numbered();
    for (int i = 0; i < 3; i++)
    {
        make_busy();
        close(receiver);
        close(sender);
    }
    return 0;
}
