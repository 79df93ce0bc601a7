/* Each of several processes receives, in a manner of its own, from one UDP socket that has a ring, and tells why it cannot any more. */
#include "busy.h"

enum manner { BLOCKING, POLLING, TRYING, LATE, MANNERS };

static long receive(enum manner manner)
{
    unsigned number;
    if (manner == POLLING)
        is_readable(PATIENCE_SECONDS * 1000);
    return recv(receiver, &number, sizeof number, manner == BLOCKING ? 0 : MSG_DONTWAIT);
}

static void receive_to_the_end(enum manner manner)
{
    while (receive(manner) >= 0 || errno == EAGAIN)
        pause_for(manner == TRYING ? 1000000 : 0);
    say("ended", -1);
}

int main(int count, char **words)
{
    pid_t children[MANNERS];
    begin();
    if (count == 2)
    {
        receiver = atoi(words[1]);
        receive_to_the_end(TRYING);
        return 0;
    }
    make_busy();
    for (int manner = 0; manner < MANNERS; manner++)
    {
        children[manner] = fork();
        if (children[manner] == 0 && manner != LATE)
        {
            receive_to_the_end(manner);
            _exit(0);
        }
        if (children[manner] == 0)
        {
            /* Another program, which finds the socket when its network has gone. */
            char number[16];
            snprintf(number, sizeof number, "%d", receiver);
            while (wait_for(receiver, POLLHUP) < 0)
                ;
            execl(words[0], words[0], number, NULL);
            _exit(1);
        }
    }
    pause_for(200000000);
    printf("waiting\n");
    for (int manner = 0; manner < MANNERS; manner++)
        exit_status_of(children[manner]);
    return 0;
}
