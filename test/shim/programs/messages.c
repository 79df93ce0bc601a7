/* Flags and forms of sending and receiving, on streams and datagrams. */
#include "transcript.h"
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

static void pieces(const char *what, ssize_t length, const char *text)
{
    if (say(what, length) > 0)
        printf(" [%.*s]\n", (int)length, text);
}

static void stream_flags(void)
{
    int ends[2];
    char text[32];
    connection(ends);
    must("send", (int)send(ends[0], "abcdef", 6, 0));
    pieces("peek", recv(ends[1], text, 3, MSG_PEEK), text);
    pieces("peek waits for all", recv(ends[1], text, 6, MSG_PEEK | MSG_WAITALL), text);
    pieces("read", read(ends[1], text, 2), text);
    pieces("rest", recv(ends[1], text, sizeof text, 0), text);
    say("nothing", recv(ends[1], text, 1, MSG_DONTWAIT));
    say("nothing to peek", recv(ends[1], text, 1, MSG_DONTWAIT | MSG_PEEK));
    say("zero octets wanted", recv(ends[1], text, 0, MSG_DONTWAIT));
    say("zero octets sent", send(ends[0], text, 0, 0));
    must("send", (int)send(ends[0], "12345678", 8, MSG_MORE));
    must("send", (int)send(ends[0], "9", 1, 0));
    pieces("nine", recv(ends[1], text, 9, MSG_WAITALL), text);
    must("send", (int)send(ends[0], "tr", 2, 0));
    pieces("MSG_TRUNC discards", recv(ends[1], NULL, 2, MSG_TRUNC), "..");
    must("send", (int)send(ends[0], "half", 4, 0));
    must("shutdown", shutdown(ends[0], SHUT_WR));
    pieces("MSG_WAITALL ends with the stream", recv(ends[1], text, 20, MSG_WAITALL), text);
    say("after the end", recv(ends[1], text, 20, MSG_WAITALL));

    struct sockaddr_in from;
    socklen_t length = sizeof from;
    connection(ends);
    must("send", (int)send(ends[0], "named", 5, 0));
    pieces("recvfrom of a stream", recvfrom(ends[1], text, sizeof text, 0, (struct sockaddr *)&from, &length), text);
    printf("its address: %d octets\n", (int)length);
    struct sockaddr_in to = loopback(9);
    say("sendto ignores the address", sendto(ends[0], "x", 1, 0, (struct sockaddr *)&to, sizeof to));
    pieces("and arrives", recv(ends[1], text, sizeof text, 0), text);
}

static void stream_vectors(void)
{
    int ends[2];
    char one[4] = "", two[8] = "";
    connection(ends);
    struct iovec out[] = {{"abc", 3}, {"", 0}, {"defgh", 5}};
    say("writev", writev(ends[0], out, 3));
    struct iovec in[] = {{one, 3}, {two, 5}};
    say("readv", readv(ends[1], in, 2));
    printf(" [%s|%s]\n", one, two);
    struct sockaddr_in name;
    struct msghdr message = {.msg_iov = out, .msg_iovlen = 3};
    say("sendmsg", sendmsg(ends[0], &message, 0));
    message = (struct msghdr){.msg_iov = in, .msg_iovlen = 2, .msg_name = &name, .msg_namelen = sizeof name, .msg_flags = -1};
    say("recvmsg", recvmsg(ends[1], &message, MSG_WAITALL));
    printf("address %d octets, flags %d, control %zu\n", (int)message.msg_namelen, message.msg_flags, message.msg_controllen);
}

static void files(void)
{
    int ends[2], tube[2];
    char path[] = "/tmp/pyco-messages-XXXXXX", text[32] = "";
    connection(ends);
    int file = must("mkstemp", mkstemp(path));
    unlink(path);
    must("write", (int)write(file, "out of a file", 13));
    off_t start = 0;
    say("sendfile", sendfile(ends[0], file, &start, 13));
    pieces("it arrives", recv(ends[1], text, 13, MSG_WAITALL), text);
    must("pipe", pipe(tube));
    must("write", (int)write(tube[1], "through a pipe", 14));
    say("splice to the socket", splice(tube[0], NULL, ends[0], NULL, 14, 0));
    wait_for(ends[1], POLLIN);
    say("splice from the socket", splice(ends[1], NULL, tube[1], NULL, 14, 0));
    pieces("it arrives", read(tube[0], text, 14), text);
    FILE *stream = fdopen(ends[0], "r+");
    fprintf(stream, "a line\n");
    fflush(stream);
    pieces("stdio", recv(ends[1], text, 7, MSG_WAITALL), "a line");
}

static void datagram_flags(void)
{
    int one = bound(SOCK_DGRAM), other = bound(SOCK_DGRAM);
    struct sockaddr_in to = local_of(other), from;
    socklen_t length = sizeof from;
    char text[32] = "";
    must("sendto", (int)sendto(one, "0123456789", 10, 0, (struct sockaddr *)&to, sizeof to));
    pieces("peek", recvfrom(other, text, 4, MSG_PEEK, (struct sockaddr *)&from, &length), text);
    printf("peeked sender: %d\n", same(from, local_of(one)));
    say("MSG_TRUNC tells the length", recv(other, text, 4, MSG_PEEK | MSG_TRUNC));
    struct iovec piece = {text, 4};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_name = &from, .msg_namelen = sizeof from};
    say("recvmsg cuts", recvmsg(other, &message, 0));
    printf("flags: MSG_TRUNC %d, sender %d\n", (message.msg_flags & MSG_TRUNC) != 0, same(from, local_of(one)));
    say("nothing left", recv(other, text, 4, MSG_DONTWAIT));

    say("an empty one", sendto(one, NULL, 0, 0, (struct sockaddr *)&to, sizeof to));
    say("is received", recv(other, text, sizeof text, 0));
    say("without an address", send(one, "x", 1, 0));
    must("connect", connect(one, (struct sockaddr *)&to, sizeof to));
    say("an empty one, connected", send(one, NULL, 0, 0));
    say("is read", read(other, text, sizeof text));
    static char large[65508];
    say("too large", send(one, large, 65508, 0));
    say("the largest", send(one, large, 65507, 0));
    static char room[65536];
    say("arrives", recv(other, room, sizeof room, 0));
    struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    say("to port 0", sendto(other, "x", 1, 0, (struct sockaddr *)&nobody, sizeof nobody));
    say("MSG_WAITALL does not join datagrams", send(one, "ab", 2, 0));
    say("", recv(other, text, sizeof text, MSG_WAITALL));
}

static void datagram_batches(void)
{
    int one = bound(SOCK_DGRAM), other = bound(SOCK_DGRAM);
    struct sockaddr_in to = local_of(other), from[3] = {0};
    char room[3][4] = {"", "", ""};
    struct iovec out[3] = {{"a", 1}, {"", 0}, {"long", 4}}, in[3];
    struct mmsghdr batch[3] = {0};
    for (int i = 0; i < 3; i++)
    {
        batch[i].msg_hdr = (struct msghdr){.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &out[i], .msg_iovlen = 1};
        in[i] = (struct iovec){room[i], 2};
    }
    say("sendmmsg", sendmmsg(one, batch, 3, 0));
    printf("lengths %u %u %u\n", batch[0].msg_len, batch[1].msg_len, batch[2].msg_len);
    for (int i = 0; i < 3; i++)
        batch[i].msg_hdr = (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &in[i], .msg_iovlen = 1};
    int count = 0;
    while (count < 3) /* datagrams may still be under way when the first is there */
        count += must("recvmmsg", recvmmsg(other, batch + count, 3 - count, MSG_WAITFORONE, NULL));
    for (int i = 0; i < 3; i++)
        printf("message %d: %u octets, cut %d, sender %d\n", i, batch[i].msg_len,
            (batch[i].msg_hdr.msg_flags & MSG_TRUNC) != 0, same(from[i], local_of(one)));
    say("recvmmsg of nothing", recvmmsg(other, batch, 3, MSG_DONTWAIT, NULL));
}

int main(void)
{
    begin();
    stream_flags();
    stream_vectors();
    files();
    datagram_flags();
    datagram_batches();
    return 0;
}
