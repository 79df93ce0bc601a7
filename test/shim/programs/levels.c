/* getsockopt() and setsockopt() with levels that the socket does not have, and a name that no level has. */
#include "transcript.h"

static void ask(int family, int type)
{
    static const int levels[] = {-1, 0, 1, 2, 6, 17, 41, 58, 132, 255, 270, 300};
    const int unknown = 998;
    int fd = must("socket", socket(family, type, 0));
    printf("family %d, type %d\n", family, type);
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        int value = 0;
        socklen_t length = sizeof value;
        printf("level %d\n", levels[i]);
        say(" get", getsockopt(fd, levels[i], unknown, &value, &length));
        say(" set", setsockopt(fd, levels[i], unknown, &value, sizeof value));
    }
    close(fd);
}

int main(void)
{
    begin();
    ask(AF_INET, SOCK_STREAM);
    ask(AF_INET, SOCK_DGRAM);
    ask(AF_INET6, SOCK_STREAM);
    ask(AF_INET6, SOCK_DGRAM);
    return 0;
}
