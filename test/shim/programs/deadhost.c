/* Tries each kind of socket and prints what became of it. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void report(const char *what, int result)
{
    printf("%s: %s\n", what, result < 0 ? strerror(errno) : "ok");
}

int main(void)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(1), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in any = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(1), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    report("tcp connect", connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&v4, sizeof v4));
    report("tcp bind", bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&any, sizeof any));
    report("tcp6 connect", connect(socket(AF_INET6, SOCK_STREAM, 0), (struct sockaddr *)&v6, sizeof v6));
    report("udp socket", socket(AF_INET, SOCK_DGRAM, 0));
    report("raw socket", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
    int pair[2];
    char octet = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && send(pair[0], "x", 1, 0) == 1)
        (void)!read(pair[1], &octet, 1);
    printf("unix pair: %c\n", octet);
    struct addrinfo *found = NULL;
    printf("numeric name: %s\n", getaddrinfo("10.1.2.3", "80", NULL, &found) == 0 ? "found" : "not found");
    if (found != NULL)
        freeaddrinfo(found);
    return 0;
}
