/* Datagrams that must not be cut (IP_MTU_DISCOVER): send() refuses what the link does not take. */
#include "transcript.h"

static char octets[65507];

static int discovering(int value)
{
    int fd = must("socket", socket(AF_INET, SOCK_DGRAM, 0));
    must("IP_MTU_DISCOVER", setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &value, sizeof value));
    return fd;
}

int main(int count, char **words)
{
    begin();
    struct sockaddr_in far = {.sin_family = AF_INET, .sin_port = htons(9)};
    if (count != 2 || inet_pton(AF_INET, words[1], &far.sin_addr) != 1)
        return 2;
    for (int value = IP_PMTUDISC_DONT; value <= IP_PMTUDISC_OMIT; value++) {
        int fd = discovering(value);
        printf("IP_MTU_DISCOVER %d\n", value);
        say("1472", sendto(fd, octets, 1472, 0, (struct sockaddr *)&far, sizeof far));
        say("1473", sendto(fd, octets, 1473, 0, (struct sockaddr *)&far, sizeof far));
        close(fd);
    }
    int fd = discovering(IP_PMTUDISC_DO);
    must("connect", connect(fd, (struct sockaddr *)&far, sizeof far));
    say("connected, 1472", send(fd, octets, 1472, 0));
    say("connected, 1473", send(fd, octets, 1473, 0));
    say("none of it waits as an error", recv(fd, octets, sizeof octets, MSG_DONTWAIT));
    int any = bound(SOCK_DGRAM);
    struct sockaddr_in own = local_of(any);
    fd = discovering(IP_PMTUDISC_DO);
    say("to ourselves", sendto(fd, octets, 9000, 0, (struct sockaddr *)&own, sizeof own));
    return 0;
}
