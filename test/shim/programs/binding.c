/* Binding: names before and after, addresses in use, both families, and what accepted sockets have. */
#include "transcript.h"
#include <fcntl.h>

static void print_name(const char *what, int result, struct sockaddr_storage *address, socklen_t length)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (result < 0)
    {
        say(what, result);
        return;
    }
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    int is_v6 = address->ss_family == AF_INET6;
    inet_ntop(address->ss_family, is_v6 ? (void *)&v6->sin6_addr : (void *)&v4->sin_addr, text, sizeof text);
    printf("%s: %s, %s, %d octets\n", what, text, v4->sin_port != 0 ? "a port" : "no port", (int)length);
}

static void name(const char *what, int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    print_name(what, getsockname(fd, (struct sockaddr *)&address, &length), &address, length);
}

static void peer(const char *what, int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    print_name(what, getpeername(fd, (struct sockaddr *)&address, &length), &address, length);
}

static int option(int fd, int level, int option)
{
    int value = -1;
    socklen_t length = sizeof value;
    must("getsockopt", getsockopt(fd, level, option, &value, &length));
    return value;
}

static void set(int fd, int level, int option, int value)
{
    say("set", setsockopt(fd, level, option, &value, sizeof value));
}

static void names(int type)
{
    int fd = must("socket", socket(AF_INET, type, 0));
    struct sockaddr_in any = {.sin_family = AF_INET}, here = loopback(0);
    name("before", fd);
    peer("peer before", fd);
    say("bind", bind(fd, (struct sockaddr *)&any, sizeof any));
    name("bound to any", fd);
    say("bind twice", bind(fd, (struct sockaddr *)&here, sizeof here));
    any.sin_addr.s_addr = inet_addr("192.0.2.1");
    say("bind to a strange address", bind(socket(AF_INET, type, 0), (struct sockaddr *)&any, sizeof any));
    say("bind too short", bind(socket(AF_INET, type, 0), (struct sockaddr *)&any, 8));
    say("bind of another family", bind(socket(AF_INET, type, 0), &(struct sockaddr){.sa_family = AF_UNIX}, 16));
    int peerless = must("socket", socket(AF_INET, type, 0));
    struct sockaddr_in to = type == SOCK_STREAM ? local_of(listening()) : local_of(bound(type));
    say("connect", connect(peerless, (struct sockaddr *)&to, sizeof to));
    name("after connect", peerless);
    peer("peer after connect", peerless);
    if (type == SOCK_DGRAM)
    {
        say("dissolve", connect(peerless, &(struct sockaddr){.sa_family = AF_UNSPEC}, sizeof(struct sockaddr)));
        peer("peer after that", peerless);
    }
    socklen_t length = 3;
    struct sockaddr_in cut;
    say("getsockname into 3 octets", getsockname(peerless, (struct sockaddr *)&cut, &length));
    printf("it has %d\n", (int)length);
}

static void in_use(int type)
{
    int one = bound(type);
    struct sockaddr_in at = local_of(one);
    int other = must("socket", socket(AF_INET, type, 0));
    say("in use", bind(other, (struct sockaddr *)&at, sizeof at));
    set(other, SOL_SOCKET, SO_REUSEADDR, 1);
    say("SO_REUSEADDR on one side", bind(other, (struct sockaddr *)&at, sizeof at));
    set(other, SOL_SOCKET, SO_REUSEPORT, 1);
    say("SO_REUSEPORT on one side", bind(other, (struct sockaddr *)&at, sizeof at));
    int shared[2];
    at = loopback(0);
    for (int i = 0; i < 2; i++)
    {
        shared[i] = must("socket", socket(AF_INET, type, 0));
        set(shared[i], SOL_SOCKET, SO_REUSEPORT, 1);
        say("SO_REUSEPORT on both", bind(shared[i], (struct sockaddr *)&at, sizeof at));
        at = local_of(shared[i]);
    }
    if (type == SOCK_STREAM)
        for (int i = 0; i < 2; i++)
            say("both listen", listen(shared[i], 4));
}

static void restarted(void)
{
    struct sockaddr_in at = loopback(0);
    int listener = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    set(listener, SOL_SOCKET, SO_REUSEADDR, 1); // as all servers do that are to start again
    must("bind", bind(listener, (struct sockaddr *)&at, sizeof at));
    must("listen", listen(listener, 1));
    at = local_of(listener);
    int caller = connected_to(listener);
    int accepted = must("accept", accept(listener, NULL, NULL));
    close(listener);
    int next = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    say("port of an open connection", bind(next, (struct sockaddr *)&at, sizeof at));
    set(next, SOL_SOCKET, SO_REUSEADDR, 1);
    close(accepted);
    close(caller);
    say("a server that starts again", bind(next, (struct sockaddr *)&at, sizeof at));
    say("listens", listen(next, 1));
    say("listens once more", listen(next, 5));
}

static void families(void)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT}, six;
    int both = must("socket", socket(AF_INET6, SOCK_STREAM, 0));
    printf("IPV6_V6ONLY %d\n", option(both, IPPROTO_IPV6, IPV6_V6ONLY));
    set(both, IPPROTO_IPV6, IPV6_MTU, 1280);
    set(both, IPPROTO_IPV6, IPV6_MTU, 1279);
    set(both, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    say("bind to ::", bind(both, (struct sockaddr *)&any, sizeof any));
    must("listen", listen(both, 4));
    name("listener of both families", both);
    socklen_t length = sizeof six;
    must("getsockname", getsockname(both, (struct sockaddr *)&six, &length));
    struct sockaddr_in four = loopback(ntohs(six.sin6_port));
    int caller = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    say("IPv4 caller", connect(caller, (struct sockaddr *)&four, sizeof four));
    struct sockaddr_storage from;
    length = sizeof from;
    int accepted = accept(both, (struct sockaddr *)&from, &length);
    print_name("accepted from", accepted, &from, length);
    name("accepted at", accepted);
    say("AF_INET bind beside it", bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&four, sizeof four));

    inet_pton(AF_INET6, "::ffff:127.0.0.1", &six.sin6_addr);
    int mapped = must("socket", socket(AF_INET6, SOCK_STREAM, 0));
    say("mapped caller", connect(mapped, (struct sockaddr *)&six, sizeof six));
    name("it has", mapped);
    peer("it sees", mapped);
    int only = must("socket", socket(AF_INET6, SOCK_STREAM, 0));
    set(only, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    say("mapped address with V6ONLY", connect(only, (struct sockaddr *)&six, sizeof six));
    int other = must("socket", socket(AF_INET6, SOCK_STREAM, 0));
    set(other, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    say("bind to a mapped address with V6ONLY", bind(other, (struct sockaddr *)&six, sizeof six));
    say("V6 address on AF_INET", connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&six, sizeof six));
    say("V4 address on AF_INET6", connect(socket(AF_INET6, SOCK_STREAM, 0), (struct sockaddr *)&four, sizeof four));

    any.sin6_port = 0;
    int udp = must("socket", socket(AF_INET6, SOCK_DGRAM, 0)), four_udp = bound(SOCK_DGRAM);
    must("bind", bind(udp, (struct sockaddr *)&any, sizeof any));
    length = sizeof six;
    must("getsockname", getsockname(udp, (struct sockaddr *)&six, &length));
    four = loopback(ntohs(six.sin6_port));
    say("IPv4 datagram to ::", sendto(four_udp, "x", 1, 0, (struct sockaddr *)&four, sizeof four));
    length = sizeof from;
    char octet;
    print_name("came from", (int)recvfrom(udp, &octet, 1, 0, (struct sockaddr *)&from, &length), &from, length);
    say("answer", sendto(udp, "y", 1, 0, (struct sockaddr *)&from, length));
    say("it arrives", recv(four_udp, &octet, 1, 0));
}

static void accepted(void)
{
    int listener = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    struct sockaddr_in here = loopback(0);
    set(listener, IPPROTO_TCP, TCP_NODELAY, 1);
    set(listener, SOL_SOCKET, SO_KEEPALIVE, 1);
    struct timeval second = {1, 0};
    must("SO_RCVTIMEO", setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second));
    must("bind", bind(listener, (struct sockaddr *)&here, sizeof here));
    must("listen", listen(listener, 4));
    printf("SO_ACCEPTCONN %d\n", option(listener, SOL_SOCKET, SO_ACCEPTCONN));
    for (int i = 0; i < 2; i++)
    {
        connected_to(listener);
        int fd = i == 0 ? accept(listener, NULL, NULL) : accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        struct timeval timeout = {0};
        socklen_t length = sizeof timeout;
        must("SO_RCVTIMEO", getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, &length));
        printf("accepted: nodelay %d, keepalive %d, timeout %ld, acceptconn %d, close-on-exec %d, non-blocking %d\n",
            option(fd, IPPROTO_TCP, TCP_NODELAY) != 0, option(fd, SOL_SOCKET, SO_KEEPALIVE), (long)timeout.tv_sec,
            option(fd, SOL_SOCKET, SO_ACCEPTCONN), fcntl(fd, F_GETFD) & 1, (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    }
    say("wrong flags", accept4(listener, NULL, NULL, 1));
    say("no caller within the time-out", accept(listener, NULL, NULL));
    say("accept of a connection", accept(connected_to(listener), NULL, NULL));
    say("accept of a fresh socket", accept(socket(AF_INET, SOCK_STREAM, 0), NULL, NULL));
    say("accept of UDP", accept(bound(SOCK_DGRAM), NULL, NULL));
    say("listen of UDP", listen(bound(SOCK_DGRAM), 1));
    int unbound = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    say("listen unbound", listen(unbound, 1));
    name("gets", unbound);
    say("connect of a listener", connect(listener, (struct sockaddr *)&here, sizeof here));
}

int main(void)
{
    begin();
    names(SOCK_STREAM);
    names(SOCK_DGRAM);
    in_use(SOCK_STREAM);
    in_use(SOCK_DGRAM);
    restarted();
    families();
    accepted();
    return 0;
}
