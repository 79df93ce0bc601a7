/* Calls in states and with arguments that they are not made for. */
#include "transcript.h"
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

static void name(const char *what, int fd, int (*ask)(int, struct sockaddr *, socklen_t *))
{
    struct sockaddr_in at = {0};
    socklen_t length = sizeof at;
    if (say(what, ask(fd, (struct sockaddr *)&at, &length)) == 0)
        printf(" %s, a port %d\n", inet_ntoa(at.sin_addr), at.sin_port != 0);
}

static void names(int fd)
{
    name("getsockname", fd, getsockname);
    name("getpeername", fd, getpeername);
}

static void addresses_of_odd_length(int type)
{
    struct sockaddr_storage storage = {.ss_family = AF_INET};
    struct sockaddr_in *at = (struct sockaddr_in *)&storage;
    int other = type == SOCK_STREAM ? listening() : bound(type);
    *at = local_of(other);
    static const socklen_t lengths[] = {0, 1, 2, 8, 15, 129, -1};
    int fd = must("socket", socket(AF_INET, type, 0));
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        printf("length %d\n", (int)lengths[i]);
        say(" connect", connect(fd, (struct sockaddr *)at, lengths[i]));
        say(" sendto", sendto(fd, "x", 1, MSG_NOSIGNAL, (struct sockaddr *)at, lengths[i]));
        if (lengths[i] != 1)
            say(" bind", bind(fd, (struct sockaddr *)at, lengths[i]));
    }
    say("connect, no address", connect(fd, NULL, 16));
    say("connect, nothing", connect(fd, NULL, 0));
    say("bind, no address", bind(fd, NULL, 16));
    say("bind, nothing", bind(fd, NULL, 0));
    say("connect", connect(fd, (struct sockaddr *)at, 128));
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        if (type == SOCK_DGRAM && lengths[i] != 2)
            say("connect again", connect(fd, (struct sockaddr *)at, lengths[i]));
    names(fd);
    close(fd);
    close(other);
}

static void too_many_pieces(int fd)
{
    static struct iovec pieces[1025];
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 1025};
    say("sendmsg of 1025 pieces", sendmsg(fd, &message, MSG_NOSIGNAL));
    say("recvmsg of 1025 pieces", recvmsg(fd, &message, MSG_DONTWAIT));
    say("readv of 1025 pieces", readv(fd, pieces, 1025));
    message.msg_iov = (struct iovec *)8; /* nobody looks there */
    say("sendmsg of pieces nowhere", sendmsg(fd, &message, MSG_NOSIGNAL));
    say("recvmsg of pieces nowhere", recvmsg(fd, &message, MSG_DONTWAIT));
}

/* What a message says of its own parts. */
static void odd_messages(int fd, struct sockaddr_in to)
{
    static const socklen_t name_lengths[] = {0, 1, 16, 129, -1, 1u << 31};
    static const size_t control_lengths[] = {64, (size_t)INT_MAX + 1, SIZE_MAX};
    static const size_t lengths[] = {20, SIZE_MAX, SIZE_MAX - 7};
    struct sockaddr_storage name = {0};
    memcpy(&name, &to, sizeof to);
    struct iovec piece = {"x", 1}, none = {NULL, 0};
    for (size_t i = 0; i < sizeof name_lengths / sizeof *name_lengths; i++) {
        printf("name length %d\n", (int)name_lengths[i]);
        struct msghdr message = {.msg_name = &name, .msg_namelen = name_lengths[i], .msg_iov = &piece, .msg_iovlen = 1};
        say(" sendmsg", sendmsg(fd, &message, MSG_NOSIGNAL));
        message.msg_name = NULL;
        say(" sendmsg, no name", sendmsg(fd, &message, MSG_NOSIGNAL));
        message.msg_iov = &none;
        message.msg_name = &name;
        if ((int)name_lengths[i] < 0)
            say(" recvmsg", recvmsg(fd, &message, MSG_DONTWAIT));
    }
    for (size_t i = 0; i < sizeof control_lengths / sizeof *control_lengths; i++)
        for (size_t j = 0; j < sizeof lengths / sizeof *lengths; j++) {
            char room[64] = {0};
            ((struct cmsghdr *)room)->cmsg_len = lengths[j];
            struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = room, .msg_controllen = control_lengths[i]};
            printf("control length %zu, %zu\n", control_lengths[i], lengths[j]);
            say(" sendmsg", sendmsg(fd, &message, MSG_NOSIGNAL));
        }
    say("sendmsg of nothing", sendmsg(fd, NULL, MSG_NOSIGNAL));
    say("recvmsg of nothing", recvmsg(fd, NULL, MSG_DONTWAIT));
}

static void device_requests(const char *what, int fd, int has_sent)
{
    int number = 7;
    struct timeval time;
    printf("%s\n", what);
    say(" FIONREAD", ioctl(fd, FIONREAD, &number));
    if (!has_sent) {
        say(" SIOCOUTQ", ioctl(fd, SIOCOUTQ, &number));
        printf("  %d\n", number);
    }
    say(" SIOCOUTQNSD", ioctl(fd, SIOCOUTQNSD, &number));
    say(" SIOCATMARK", ioctl(fd, SIOCATMARK, &number));
    say(" SIOCGSTAMP", ioctl(fd, SIOCGSTAMP, &time));
}

static void control_messages_of_streams(int fd)
{
    static const struct { size_t length; int level, type; } cases[] = {
        {4, SOL_SOCKET, SCM_RIGHTS}, {20, SOL_SOCKET, 99}, {20, SOL_SOCKET, SCM_RIGHTS}, {20, IPPROTO_IP, 99},
        {20, IPPROTO_IP, IP_TOS}, {100, IPPROTO_IP, IP_TOS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char room[32] = {0};
        struct cmsghdr *control = (struct cmsghdr *)room;
        control->cmsg_len = cases[i].length;
        control->cmsg_level = cases[i].level;
        control->cmsg_type = cases[i].type;
        struct iovec piece = {"x", 1};
        struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
        say("sendmsg with control messages", sendmsg(fd, &message, MSG_NOSIGNAL));
    }
}

static void listeners(void)
{
    for (int how = SHUT_RD; how <= SHUT_RDWR; how++) {
        int fd = listening();
        printf("listener, how %d\n", how);
        say(" shutdown", shutdown(fd, how));
        fcntl(fd, F_SETFL, O_NONBLOCK);
        say(" accept", accept(fd, NULL, NULL));
        say(" shutdown", shutdown(fd, SHUT_RDWR));
        say(" accept", accept(fd, NULL, NULL));
        close(fd);
    }
    int fd = bound(SOCK_STREAM), port = local_of(fd).sin_port;
    struct sockaddr_in at = loopback(ntohs(port));
    close(fd);
    fd = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    must("bind", bind(fd, (struct sockaddr *)&at, sizeof at));
    must("listen", listen(fd, 4));
    must("shutdown", shutdown(fd, SHUT_RDWR));
    names(fd);
    close(fd);
}

static void streams_shut_down(void)
{
    for (int both_at_once = 0; both_at_once < 2; both_at_once++)
        for (int i = 0; i < 2; i++) {
            int ends[2];
            connection(ends);
            printf("end %d\n", i);
            if (both_at_once)
                say("shutdown", shutdown(ends[i], SHUT_RDWR));
            else {
                say("shutdown", shutdown(ends[i], SHUT_WR));
                say("shutdown", shutdown(ends[i], SHUT_RD));
            }
            wait_for(ends[1 - i], POLLIN);
            names(ends[i]);
            close(ends[1 - i]);
            usleep(20000);
            close(ends[i]);
        }
    int ends[2];
    connection(ends);
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    say("connect to nowhere", connect(ends[0], &nowhere, sizeof nowhere));
    name("getpeername", ends[0], getpeername);
    connection(ends);
    struct linger at_once = {1, 0};
    must("setsockopt", setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
    close(ends[1]);
    wait_for(ends[0], POLLIN);
    names(ends[0]);
}

static void *read_one(void *argument)
{
    int fd = *(int *)argument;
    char text[8];
    struct sockaddr_in from;
    struct iovec piece = {text, sizeof text};
    struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &piece, .msg_iovlen = 1};
    say(" woken, recvmsg", recvmsg(fd, &message, 0));
    printf(" name length %u, flags %d\n", message.msg_namelen, message.msg_flags);
    say(" once more, recv", recv(fd, text, sizeof text, 0));
    say(" without waiting", recv(fd, text, sizeof text, MSG_DONTWAIT));
    return NULL;
}

/* The way in which many programs end their threads that wait for datagrams. */
static void datagrams_shut_down(int is_connected, int how)
{
    int fd = bound(SOCK_DGRAM), other = bound(SOCK_DGRAM);
    struct sockaddr_in at = local_of(fd), to = local_of(other);
    printf("connected %d, how %d\n", is_connected, how);
    if (is_connected)
        must("connect", connect(fd, (struct sockaddr *)&to, sizeof to));
    must("sendto", (int)sendto(other, "early", 5, 0, (struct sockaddr *)&at, sizeof at));
    wait_for(fd, POLLIN);
    say("shutdown of one that has something to read", shutdown(fd, how));
    char text[8];
    say("recv", recv(fd, text, sizeof text, 0));
    close(fd);

    fd = bound(SOCK_DGRAM);
    if (is_connected)
        must("connect", connect(fd, (struct sockaddr *)&to, sizeof to));
    pthread_t reader;
    if (how != SHUT_WR) {
        pthread_create(&reader, NULL, read_one, &fd);
        usleep(50000);
    }
    int result = shutdown(fd, how), error = errno;
    if (how != SHUT_WR)
        pthread_join(reader, NULL);
    errno = error;
    say("shutdown", result);
    if (how != SHUT_WR)
        printf("readable %d\n", (ready(fd, POLLIN) & POLLIN) != 0);
    say("sendto", sendto(fd, "late", 4, 0, (struct sockaddr *)&to, sizeof to));
    if (is_connected)
        say("send", send(fd, "late", 4, 0));
    names(fd);
    close(fd);
    close(other);
}

static void datagrams(void)
{
    int fd = bound(SOCK_DGRAM), other = bound(SOCK_DGRAM);
    struct sockaddr_in at = local_of(fd), to = local_of(other);
    char text[8];
    say("recv of urgent data", recv(fd, text, sizeof text, MSG_OOB | MSG_DONTWAIT));
    must("sendto", (int)sendto(other, "one", 3, 0, (struct sockaddr *)&at, sizeof at));
    say("recv of urgent data", recv(fd, text, sizeof text, MSG_OOB));
    to.sin_family = AF_UNSPEC;
    say("sendto of no family", sendto(fd, "two", 3, 0, (struct sockaddr *)&to, sizeof to));
    say("recv", recv(other, text, sizeof text, 0));
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    say("connect to nowhere", connect(fd, &nowhere, sizeof nowhere));
    names(fd);
    at = loopback(ntohs(at.sin_port));
    say("bind again", bind(fd, (struct sockaddr *)&at, sizeof at));
    say("connect to nowhere", connect(fd, &nowhere, sizeof nowhere));
    names(fd);
    close(fd);
    close(other);
}

int main(void)
{
    begin();
    int fd, ends[2];
    addresses_of_odd_length(SOCK_STREAM);
    addresses_of_odd_length(SOCK_DGRAM);
    connection(ends);
    too_many_pieces(ends[0]);
    too_many_pieces(bound(SOCK_DGRAM));
    fd = bound(SOCK_DGRAM);
    odd_messages(fd, local_of(bound(SOCK_DGRAM)));
    struct sockaddr_in aside = local_of(bound(SOCK_DGRAM));
    must("connect", connect(fd, (struct sockaddr *)&aside, sizeof aside));
    odd_messages(fd, local_of(bound(SOCK_DGRAM)));
    int others[2];
    connection(others);
    odd_messages(others[0], aside);
    device_requests("connected", ends[0], 0);
    control_messages_of_streams(ends[0]);
    device_requests("accepted", ends[1], 1);
    device_requests("fresh", must("socket", socket(AF_INET, SOCK_STREAM, 0)), 0);
    device_requests("listening", listening(), 0);
    device_requests("datagrams", bound(SOCK_DGRAM), 0);
    fd = bound(SOCK_DGRAM);
    struct sockaddr_in from;
    say("recvfrom, no length", recvfrom(fd, &from, 0, MSG_DONTWAIT, NULL, NULL));
    struct sockaddr_in itself = local_of(fd);
    must("sendto", (int)sendto(fd, "x", 1, 0, (struct sockaddr *)&itself, sizeof itself));
    say("recvfrom, no room for the length", recvfrom(fd, &from, 1, 0, (struct sockaddr *)&from, NULL));
    listeners();
    streams_shut_down();
    for (int is_connected = 0; is_connected < 2; is_connected++)
        for (int how = SHUT_RD; how <= SHUT_RDWR; how++)
            datagrams_shut_down(is_connected, how);
    datagrams();
    return 0;
}
