/* Sockets that children get: by fork, by vfork or posix_spawn and exec, and those that close on exec. */
#include "transcript.h"
#include <fcntl.h>
#include <spawn.h>

extern char **environ;

static void forked(void)
{
    int ends[2];
    connection(ends);
    pid_t child = must("fork", fork());
    if (child == 0)
    {
        close(ends[0]);
        char octet = 0;
        while (recv(ends[1], &octet, 1, 0) == 1)
            must("send", (int)send(ends[1], &octet, 1, 0));
        _exit(octet == 'z' ? 0 : 1);
    }
    close(ends[1]);
    transfer("through the child", ends[0], ends[0], "a");
    transfer("and again", ends[0], ends[0], "z");
    must("shutdown", shutdown(ends[0], SHUT_WR));
    printf("child after our end: %d\n", exit_status_of(child));
    char octet;
    say("end of the child's side", recv(ends[0], &octet, 1, 0));

    /* A child of a listener: both processes accept. */
    int listener = listening();
    int callers[2] = {connected_to(listener), connected_to(listener)};
    child = must("fork", fork());
    if (child == 0)
    {
        int accepted = accept(listener, NULL, NULL);
        _exit(send(accepted, "c", 1, 0) == 1 ? 0 : 1);
    }
    printf("child accepted: %d\n", exit_status_of(child));
    int accepted = must("accept", accept(listener, NULL, NULL));
    must("send", (int)send(accepted, "p", 1, 0));
    char first = 0, second = 0;
    must("recv", (int)recv(callers[0], &first, 1, 0));
    must("recv", (int)recv(callers[1], &second, 1, 0));
    printf("callers hear: %c%c\n", first, second);
}

/* The program that is executed: says what it finds at a number. */
static int inspect(int fd)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        return say("inherited", -1) < 0;
    int type = 0;
    length = sizeof type;
    must("getsockopt", getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length));
    printf("inherited: family %d, type %d, loopback %d\n", address.sin_family, type,
        address.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    if (type == SOCK_DGRAM)
    {
        char octets[2];
        struct sockaddr_in from;
        length = sizeof from;
        must("read", (int)read(fd, octets, 1));
        must("recvfrom", (int)recvfrom(fd, octets + 1, 1, 0, (struct sockaddr *)&from, &length));
        must("sendto", (int)sendto(fd, octets, 1, 0, (struct sockaddr *)&from, length));
        must("sendto", (int)sendto(fd, octets + 1, 1, 0, (struct sockaddr *)&from, length));
        return 0;
    }
    return send(fd, "from the program", 16, 0) == 16 ? 0 : 1;
}

static pid_t run(const char *how, char *const arguments[], char *const environment[])
{
    pid_t child = -1;
    if (strcmp(how, "posix_spawn") == 0)
        errno = posix_spawn(&child, arguments[0], NULL, NULL, arguments, environment);
    else if ((child = strcmp(how, "vfork") == 0 ? vfork() : fork()) == 0)
    {
        execve(arguments[0], arguments, environment);
        _exit(127);
    }
    return must(how, child);
}

static void executed(const char *self, const char *how)
{
    int ends[2];
    char number[12], text[20] = "";
    connection(ends);
    snprintf(number, sizeof number, "%d", ends[0]);
    char *arguments[] = {(char *)self, number, NULL};
    printf("%s: %d\n", how, exit_status_of(run(how, arguments, environ)));
    must("recv", (int)recv(ends[1], text, 16, MSG_WAITALL));
    puts(text);
    transfer("the parent's is unharmed", ends[0], ends[1], "still");

    must("fcntl", fcntl(ends[0], F_SETFD, FD_CLOEXEC));
    printf("%s, close-on-exec: %d\n", how, exit_status_of(run(how, arguments, environ)));
    int closing = must("socket", socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    snprintf(number, sizeof number, "%d", closing);
    printf("%s, SOCK_CLOEXEC: %d\n", how, exit_status_of(run(how, arguments, environ)));

    /* At a number that is not low, where the program first reads it without knowing that it is a socket. */
    int low = bound(SOCK_DGRAM);
    int datagrams = must("fcntl", fcntl(low, F_DUPFD, 700));
    close(low);
    int sender = bound(SOCK_DGRAM);
    struct sockaddr_in to = local_of(datagrams);
    must("sendto", (int)sendto(sender, "1", 1, 0, (struct sockaddr *)&to, sizeof to));
    must("sendto", (int)sendto(sender, "2", 1, 0, (struct sockaddr *)&to, sizeof to));
    snprintf(number, sizeof number, "%d", datagrams);
    printf("%s, UDP: %d\n", how, exit_status_of(run(how, arguments, environ)));
    must("recv", (int)recv(sender, text, 1, 0));
    must("recv", (int)recv(sender, text + 1, 1, 0));
    printf("echo: %.2s\n", text);
}

int main(int argc, char **argv)
{
    begin();
    if (argc == 2)
        return inspect(atoi(argv[1]));
    forked();
    executed(argv[0], "fork");
    executed(argv[0], "vfork");
    executed(argv[0], "posix_spawn");
    return 0;
}
