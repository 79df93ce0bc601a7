/* When sockets are ready, and what non-blocking connects say: poll, select, epoll by level and by edge. */
#include "transcript.h"
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/select.h>

static int error_of(int fd)
{
    int error = -1;
    socklen_t length = sizeof error;
    must("SO_ERROR", getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
    return error;
}

static int send_buffer_of(int fd)
{
    int size = -1;
    socklen_t length = sizeof size;
    must("SO_SNDBUF", getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &length));
    return size;
}

static void print_events(const char *what, int events)
{
    printf("%s:%s%s%s%s%s%s\n", what, events & POLLIN ? " in" : "", events & POLLOUT ? " out" : "",
        events & POLLRDHUP ? " rdhup" : "", events & POLLHUP ? " hup" : "", events & POLLERR ? " err" : "",
        events & POLLNVAL ? " invalid" : "");
}

static void connecting(void)
{
    struct sockaddr_in at = {0};
    int listener = listening();
    at = local_of(listener);
    int fd = must("socket", socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    print_events("fresh", ready(fd, POLLIN | POLLOUT | POLLRDHUP));
    say("first connect", connect(fd, (struct sockaddr *)&at, sizeof at));
    print_events("connected", wait_for(fd, POLLOUT));
    printf("SO_ERROR %d\n", error_of(fd));
    say("connect tells of success", connect(fd, (struct sockaddr *)&at, sizeof at));
    say("and then", connect(fd, (struct sockaddr *)&at, sizeof at));

    struct sockaddr_in nobody = local_of(bound(SOCK_STREAM));
    fd = must("socket", socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    say("connect to a closed port", connect(fd, (struct sockaddr *)&nobody, sizeof nobody));
    const int all = POLLOUT | POLLIN | POLLRDHUP;
    int events = wait_for(fd, all);
    for (int tries = 0; (events & POLLOUT) == 0 && tries < 1000; tries++)
    {
        usleep(1000); // POLLOUT comes a moment after the others: the kernel first tells of the end, then frees what was queued
        events = ready(fd, all);
    }
    print_events("refused", events);
    printf("SO_ERROR %s\n", strerrorname_np(error_of(fd)));
    printf("SO_ERROR again %d\n", error_of(fd));

    fd = must("socket", socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    say("again to the closed port", connect(fd, (struct sockaddr *)&nobody, sizeof nobody));
    wait_for(fd, POLLOUT);
    char octet;
    say("recv tells the error", recv(fd, &octet, 1, 0));
    fd = must("socket", socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    say("and again", connect(fd, (struct sockaddr *)&nobody, sizeof nobody));
    wait_for(fd, POLLOUT);
    say("connect tells the error", connect(fd, (struct sockaddr *)&nobody, sizeof nobody));

    int blocking = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    say("blocking, refused", connect(blocking, (struct sockaddr *)&nobody, sizeof nobody));
    say("the same socket to a listener", connect(blocking, (struct sockaddr *)&at, sizeof at));
}

/* The send buffer never shows smaller than it was, and what the program chooses stays. */
static void send_buffers(void)
{
    int listener = listening();
    struct sockaddr_in at = local_of(listener);
    for (int chooses = 0; chooses < 2; chooses++) {
        int fd = must("socket", socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        int before = send_buffer_of(fd);
        say("connect", connect(fd, (struct sockaddr *)&at, sizeof at));
        printf("as large while it connects: %d\n", send_buffer_of(fd) >= before);
        if (chooses)
            must("SO_SNDBUF", setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){40000}, sizeof(int)));
        print_events("connected", wait_for(fd, POLLOUT));
        printf("SO_ERROR %d\n", error_of(fd));
        if (chooses)
            printf("chosen: %d\n", send_buffer_of(fd));
        else
            printf("as large as before: %d\n", send_buffer_of(fd) >= before);
        close(fd);
    }
    int fd = connected_to(listener);
    say("of a blocking connect", send_buffer_of(fd) >= 65536);
    close(fd);
    close(listener);
}

static void streams(void)
{
    int ends[2];
    fd_set set;
    connection(ends);
    print_events("idle", ready(ends[1], POLLIN | POLLOUT | POLLRDHUP));
    must("send", (int)send(ends[0], "x", 1, 0));
    print_events("data", wait_for(ends[1], POLLIN | POLLRDHUP));
    FD_ZERO(&set);
    FD_SET(ends[1], &set);
    say("select", select(ends[1] + 1, &set, NULL, NULL, &(struct timeval){5, 0}));
    must("shutdown", shutdown(ends[0], SHUT_WR));
    wait_for(ends[1], POLLRDHUP);
    print_events("data and FIN", ready(ends[1], POLLIN | POLLOUT | POLLRDHUP));
    print_events("our own FIN", ready(ends[0], POLLIN | POLLOUT | POLLRDHUP));
    char octet;
    say("data", recv(ends[1], &octet, 1, 0));
    say("end", recv(ends[1], &octet, 1, 0));
    must("shutdown", shutdown(ends[1], SHUT_WR));
    print_events("both ended", wait_for(ends[0], POLLHUP));
    print_events("both ended, other side", wait_for(ends[1], POLLHUP));

    int listener = listening();
    print_events("listener", ready(listener, POLLIN | POLLOUT));
    int caller = connected_to(listener);
    print_events("listener with a caller", wait_for(listener, POLLIN | POLLOUT));
    must("accept", accept(listener, NULL, NULL));
    print_events("after accept", ready(listener, POLLIN));
    close(caller);
    must("fcntl", fcntl(listener, F_SETFL, O_NONBLOCK));
    say("accept without a caller", accept(listener, NULL, NULL));
}

/* Fills the connection, and tells when it can be written again. */
static void full(int from, int to)
{
    static char block[65536];
    must("fcntl", fcntl(from, F_SETFL, O_NONBLOCK));
    long sent = 0, received = 0, length;
    int error;
    do
    {
        while ((length = send(from, block, sizeof block, 0)) > 0)
            sent += length;
        error = errno;
    } while (poll(&(struct pollfd){from, POLLOUT, 0}, 1, 200) == 1);
    printf("full: %s\n", strerrorname_np(error));
    while (received < sent && (length = recv(to, block, sizeof block, 0)) > 0)
        received += length;
    printf("all arrived: %d\n", received == sent);
    print_events("room again", wait_for(from, POLLOUT));
}

static int epoll_events(int poller, int timeout)
{
    struct epoll_event event = {0};
    return epoll_wait(poller, &event, 1, timeout) == 1 ? (int)event.events : 0;
}

static void edges(void)
{
    int ends[2];
    char octet;
    connection(ends);
    int level = epoll_create1(0), edge = epoll_create1(0), once = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP};
    must("level", epoll_ctl(level, EPOLL_CTL_ADD, ends[1], &event));
    event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
    must("edge", epoll_ctl(edge, EPOLL_CTL_ADD, ends[1], &event));
    event.events = EPOLLIN | EPOLLONESHOT;
    must("once", epoll_ctl(once, EPOLL_CTL_ADD, ends[1], &event));
    must("send", (int)send(ends[0], "ab", 2, 0));
    print_events("level", epoll_events(level, 5000));
    print_events("edge", epoll_events(edge, 5000));
    print_events("once", epoll_events(once, 5000));
    must("recv", (int)recv(ends[1], &octet, 1, 0));
    print_events("level, half read", epoll_events(level, 0));
    print_events("edge, half read", epoll_events(edge, 0));
    must("send", (int)send(ends[0], "c", 1, 0));
    print_events("edge, more data", epoll_events(edge, 5000));
    print_events("once, more data", epoll_events(once, 0));
    must("shutdown", shutdown(ends[0], SHUT_WR));
    print_events("edge, FIN", epoll_events(edge, 5000));

    /* The usual client: registered for both by edge, then connected. */
    struct sockaddr_in at = local_of(listening());
    int fd = must("socket", socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    say("connect", connect(fd, (struct sockaddr *)&at, sizeof at));
    must("client", epoll_ctl(edge, EPOLL_CTL_ADD, fd, &event));
    print_events("edge of a connect", epoll_events(edge, 5000) & ~EPOLLRDHUP);
    print_events("no second edge", epoll_events(edge, 0));

    /* A listener by edge tells of each caller. */
    int listener = listening();
    event.events = EPOLLIN | EPOLLET;
    must("listener", epoll_ctl(edge, EPOLL_CTL_ADD, listener, &event));
    for (int i = 0; i < 2; i++)
    {
        connected_to(listener);
        print_events("caller", epoll_events(edge, 5000));
    }
}

static void datagrams(void)
{
    int one = bound(SOCK_DGRAM), other = bound(SOCK_DGRAM);
    struct sockaddr_in to = local_of(other);
    print_events("UDP idle", ready(one, POLLIN | POLLOUT | POLLRDHUP));
    must("sendto", (int)sendto(one, "", 0, 0, (struct sockaddr *)&to, sizeof to));
    print_events("an empty datagram", wait_for(other, POLLIN));
    char octet;
    say("it is empty", recv(other, &octet, 1, 0));
    print_events("and gone", ready(other, POLLIN));
    say("nothing there", recv(other, &octet, 1, MSG_DONTWAIT));
}

/* MSG_FASTOPEN without a cookie: with MSG_DONTWAIT it only begins to connect, on a socket that blocks too. */
static void fast_open(void)
{
    char octet;
    int listener = listening();
    struct sockaddr_in at = local_of(listener);
    int fd = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    say("MSG_FASTOPEN", sendto(fd, "first", 5, MSG_FASTOPEN | MSG_DONTWAIT, (struct sockaddr *)&at, sizeof at));
    print_events("and then", wait_for(fd, POLLOUT));
    int accepted = must("accept", accept(listener, NULL, NULL));
    transfer("that was not sent", fd, accepted, "second");
    transfer("and back", accepted, fd, "third");

    fd = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    say("MSG_FASTOPEN that may wait", sendto(fd, "fourth", 6, MSG_FASTOPEN, (struct sockaddr *)&at, sizeof at));
    accepted = must("accept", accept(listener, NULL, NULL));
    transfer("that was sent", fd, accepted, "");

    struct sockaddr_in nobody = local_of(bound(SOCK_STREAM));
    fd = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    say("to a closed port", sendto(fd, NULL, 0, MSG_FASTOPEN | MSG_DONTWAIT, (struct sockaddr *)&nobody, sizeof nobody));
    say("recv", recv(fd, &octet, 1, 0));
}

int main(void)
{
    int ends[2];
    begin();
    connecting();
    fast_open();
    send_buffers();
    streams();
    connection(ends);
    full(ends[0], ends[1]);
    edges();
    datagrams();
    return 0;
}
