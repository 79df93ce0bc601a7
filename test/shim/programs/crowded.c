/* Somebody without rights has many connections that wait, and sets options of them all. Runs as a host on a switch with nobody
   at the address that is given. */
#include "transcript.h"
#include <sys/resource.h>

#define NOBODY 65534
#define CONNECTIONS 55
#define LIMIT 64

int main(int argc, char **argv)
{
    begin();
    struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_port = htons(80)};
    if (argc != 2 || inet_pton(AF_INET, argv[1], &nobody.sin_addr) != 1)
        return 2;
    struct rlimit limit;
    must("getrlimit", getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = LIMIT;
    must("setrlimit", setrlimit(RLIMIT_NOFILE, &limit));
    if (geteuid() == 0)
        must("setuid", setresuid(NOBODY, NOBODY, NOBODY));

    int sockets[CONNECTIONS], connecting = 0, refused = 0, errors = 0;
    for (int i = 0; i < CONNECTIONS; i++)
    {
        int fd = sockets[i] = must("socket", socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        connecting += connect(fd, (struct sockaddr *)&nobody, sizeof nobody) < 0 && errno == EINPROGRESS;
        for (int on = 1; on >= 0; on--)
        {
            refused += setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0;
            refused += setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) != 0;
        }
    }
    printf("connecting %d, options refused %d\n", connecting, refused);

    struct sockaddr_in any = {.sin_family = AF_INET};
    int listener = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    say("bind", bind(listener, (struct sockaddr *)&any, sizeof any));
    say("listen", listen(listener, 1));
    for (int i = 0; i < CONNECTIONS; i++)
    {
        int error = -1;
        socklen_t length = sizeof error;
        errors += getsockopt(sockets[i], SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0;
    }
    printf("SO_ERROR %d of %d\n", errors, CONNECTIONS);
    must("getrlimit", getrlimit(RLIMIT_NOFILE, &limit));
    printf("limit still %d\n", (int)limit.rlim_cur);
    return 0;
}
