/* How connections end: shutdown in each direction, close, linger and reset, and when SIGPIPE comes. */
#include "transcript.h"
#include <signal.h>

static volatile sig_atomic_t pipes;

static void on_pipe(int signal)
{
    (void)signal;
    pipes++;
}

static void print_pipes(void)
{
    printf("SIGPIPE: %d\n", (int)pipes);
    pipes = 0;
}

static void reset(int fd)
{
    struct linger at_once = {1, 0};
    must("SO_LINGER", setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
    close(fd);
}

static void halves(void)
{
    int ends[2];
    char octet;
    connection(ends);
    say("SHUT_WR", shutdown(ends[0], SHUT_WR));
    say("send after it", send(ends[0], "x", 1, MSG_NOSIGNAL));
    print_pipes();
    say("with the signal", send(ends[0], "x", 1, 0));
    print_pipes();
    say("write", write(ends[0], "x", 1));
    print_pipes();
    say("peer reads the end", recv(ends[1], &octet, 1, 0));
    transfer("the other direction works", ends[1], ends[0], "still");
    say("SHUT_WR again", shutdown(ends[0], SHUT_WR));
    say("peer's SHUT_WR", shutdown(ends[1], SHUT_WR));
    say("end", recv(ends[0], &octet, 1, 0));
    close(ends[0]);
    close(ends[1]);

    connection(ends);
    say("SHUT_RD", shutdown(ends[0], SHUT_RD));
    say("recv after it", recv(ends[0], &octet, 1, 0));
    transfer("sending still works", ends[0], ends[1], "out");
    say("nonsense", shutdown(ends[0], 3));
    say("SHUT_RDWR", shutdown(ends[0], SHUT_RDWR));
    say("peer", recv(ends[1], &octet, 1, 0));
    close(ends[0]);
    close(ends[1]);

    say("shutdown of an unconnected socket", shutdown(socket(AF_INET, SOCK_STREAM, 0), SHUT_RDWR));
    int fresh = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    say("send on it", send(fresh, "x", 1, MSG_NOSIGNAL));
    print_pipes();
    say("recv on it", recv(fresh, &octet, 1, 0));
    int udp = must("socket", socket(AF_INET, SOCK_DGRAM, 0));
    say("shutdown of an unconnected UDP socket", shutdown(udp, SHUT_RD));
    int listener = listening();
    say("shutdown of a listener", shutdown(listener, SHUT_RDWR));
    say("accept after it", accept(listener, NULL, NULL));
}

static void resets(void)
{
    int ends[2];
    char text[8];
    connection(ends);
    reset(ends[1]);
    wait_for(ends[0], POLLHUP);
    say("recv after a reset", recv(ends[0], text, 1, 0));
    say("recv again", recv(ends[0], text, 1, 0));
    say("send", send(ends[0], "x", 1, MSG_NOSIGNAL));
    close(ends[0]);

    connection(ends);
    reset(ends[1]);
    wait_for(ends[0], POLLHUP);
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(ends[0], SOL_SOCKET, SO_ERROR, &error, &length);
    printf("SO_ERROR after a reset: %s\n", strerrorname_np(error));
    say("recv after SO_ERROR", recv(ends[0], text, 1, 0));
    close(ends[0]);

    connection(ends);
    must("send", (int)send(ends[0], "unread", 6, 0));
    wait_for(ends[1], POLLIN);
    close(ends[1]);
    wait_for(ends[0], POLLHUP);
    say("peer closed with data unread", recv(ends[0], text, 1, 0));
    close(ends[0]);

    connection(ends);
    must("send", (int)send(ends[1], "last", 4, 0));
    close(ends[1]);
    say("data before the end", recv(ends[0], text, 4, MSG_WAITALL));
    say("the end", recv(ends[0], text, 4, 0));
    say("the first send is taken", send(ends[0], "x", 1, MSG_NOSIGNAL));
    wait_for(ends[0], POLLHUP);
    say("the next meets the reset", send(ends[0], "x", 1, MSG_NOSIGNAL));
    close(ends[0]);
    print_pipes();
}

static void lingering(void)
{
    int ends[2];
    char text[8] = "";
    struct linger value = {1, 5};
    socklen_t length = sizeof value;
    connection(ends);
    must("send", (int)send(ends[0], "kept", 4, 0));
    must("SO_LINGER", setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &value, sizeof value));
    value = (struct linger){0, 0};
    must("SO_LINGER", getsockopt(ends[0], SOL_SOCKET, SO_LINGER, &value, &length));
    printf("linger %d %d\n", value.l_onoff, value.l_linger);
    say("close", close(ends[0]));
    say("data of the closed end", recv(ends[1], text, 4, MSG_WAITALL));
    say("and its end", recv(ends[1], text, 4, 0));
    int many = listening();
    for (int i = 0; i < 3; i++)
        close(connected_to(many));
    int accepted = must("accept", accept(many, NULL, NULL));
    say("a caller that has gone", recv(accepted, text, 1, 0));
}

int main(void)
{
    begin();
    signal(SIGPIPE, on_pipe);
    halves();
    resets();
    lingering();
    return 0;
}
