/* Datagrams to where no route leads, and to all: sendto() says at once that they cannot go. The host is 10.40.0.N/24. */
#include "transcript.h"
#include <ifaddrs.h>

static int open_socket(int family, int may_send_to_all)
{
    int fd = must("socket", socket(family, SOCK_DGRAM, 0));
    if (may_send_to_all)
        must("SO_BROADCAST", setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &may_send_to_all, sizeof may_send_to_all));
    return fd;
}

static void send_to(const char *text, int may_send_to_all)
{
    int fd = open_socket(AF_INET, may_send_to_all);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
    must("inet_pton", inet_pton(AF_INET, text, &address.sin_addr));
    say(text, sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address));
    struct iovec piece = {"yz", 2};
    struct msghdr message = {.msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &piece, .msg_iovlen = 1};
    say(" by sendmsg", sendmsg(fd, &message, 0));
    struct mmsghdr several[2] = {{.msg_hdr = message}, {.msg_hdr = message}};
    say(" by sendmmsg", sendmmsg(fd, several, 2, 0));
    say(" by connect", connect(fd, (struct sockaddr *)&address, sizeof address));
    close(fd);
}

static void send_to_v6(const char *text, int may_send_to_all)
{
    int fd = open_socket(AF_INET6, may_send_to_all);
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
    must("inet_pton", inet_pton(AF_INET6, text, &address.sin6_addr));
    say(text, sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address));
    close(fd);
}

/* The host's own address, which is another one each time. */
static void send_to_self(void)
{
    struct ifaddrs *all;
    must("getifaddrs", getifaddrs(&all));
    for (struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
        if (one->ifa_addr == NULL || one->ifa_addr->sa_family != AF_INET)
            continue;
        struct sockaddr_in address = *(struct sockaddr_in *)one->ifa_addr;
        address.sin_port = htons(9);
        int fd = open_socket(AF_INET, 0);
        say("an own address", sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address));
        close(fd);
    }
    freeifaddrs(all);
}

int main(void)
{
    begin();
    static const char *const places[] = {
        "10.40.0.250", "127.0.0.1", "127.4.5.6", "0.0.0.0", "10.40.1.1", "192.0.2.1", "10.40.0.255"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        send_to(places[i], 0);
    send_to("10.40.0.255", 1);
    send_to("10.40.1.255", 1);
    send_to_self();
    send_to_v6("::ffff:10.40.0.250", 0);
    send_to_v6("::ffff:10.40.0.255", 0);
    send_to_v6("::ffff:10.40.0.255", 1);
    send_to_v6("::ffff:192.0.2.1", 0);
    send_to_v6("2001:db8::1", 0);

    int fd = open_socket(AF_INET, 1);
    struct sockaddr_in all = {.sin_family = AF_INET, .sin_port = htons(9)};
    must("inet_pton", inet_pton(AF_INET, "10.40.0.255", &all.sin_addr));
    say("to all", sendto(fd, "x", 1, 0, (struct sockaddr *)&all, sizeof all));
    int off = 0;
    must("SO_BROADCAST", setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &off, sizeof off));
    say("no longer", sendto(fd, "x", 1, 0, (struct sockaddr *)&all, sizeof all));
    char octet;
    say("nothing of it waits as an error", recv(fd, &octet, 1, MSG_DONTWAIT));
    say("an empty one to all", sendto(fd, "", 0, 0, (struct sockaddr *)&all, sizeof all));
    return 0;
}
