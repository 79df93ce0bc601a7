// A client of libvdeplug, as its users write them: sends a line as a frame to everybody, and prints the first one that comes.
#include <libvdeplug.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { header = 14, longest = 1514, patience = 60000 };

int main(int count, char **words)
{
    if (count != 4)
        return 2;
    VDECONN *plug = vde_open(words[1], "vde_client", NULL);
    if (plug == NULL) {
        perror("vde_open");
        return 1;
    }
    unsigned char frame[longest] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, words[2][0], 0x88, 0xb6};
    printf("plugged in\n");
    fflush(stdout);
    // "-" waits first, so that the other one does not speak to nobody.
    if (strcmp(words[3], "-") != 0) {
        strcpy((char *)frame + header, words[3]);
        if (vde_send(plug, frame, header + strlen(words[3]) + 1, 0) < 0)
            return 1;
    }
    struct pollfd readable = {.fd = vde_datafd(plug), .events = POLLIN};
    if (poll(&readable, 1, patience) != 1 || vde_recv(plug, frame, sizeof frame, 0) <= header)
        return 1;
    printf("from %c: %s\n", frame[11], frame + header);
    if (strcmp(words[3], "-") == 0) {
        frame[11] = words[2][0];
        strcpy((char *)frame + header, "thank you");
        vde_send(plug, frame, header + sizeof "thank you", 0);
    }
    vde_close(plug);
    return 0;
}
