/* What nginx and sshd do: locked into an empty folder, without rights, and still accepting and calling. Needs root. */
#include "transcript.h"
#include <grp.h>
#include <sys/prctl.h>

#define NOBODY 65534

static char folder[] = "/tmp/pyco-privileges-XXXXXX";

static void drop_rights(void)
{
    must("chroot", chroot(folder));
    must("chdir", chdir("/"));
    must("setgroups", setgroups(0, NULL));
    must("setgid", setresgid(NOBODY, NOBODY, NOBODY));
    must("setuid", setresuid(NOBODY, NOBODY, NOBODY));
    must("prctl", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    say("files are out of reach", access("/etc/passwd", F_OK));
    say("and so is root", setuid(0));
}

static void serve(int listener, struct sockaddr_in parent)
{
    drop_rights();
    int accepted = must("accept", accept(listener, NULL, NULL));
    char text[16] = "";
    say("accepted and received", recv(accepted, text, 4, MSG_WAITALL));
    say("peer is the caller", same(peer_of(accepted), parent) ? 0 : 1);
    must("send", (int)send(accepted, "pong", 4, 0));

    /* And all over again with sockets that were made in here. */
    int ends[2];
    connection(ends);
    transfer("a connection of its own", ends[0], ends[1], "inside");
    int one = bound(SOCK_DGRAM), other = bound(SOCK_DGRAM);
    struct sockaddr_in to = local_of(other);
    say("sendto", sendto(one, "u", 1, 0, (struct sockaddr *)&to, sizeof to));
    say("recv", recv(other, text, sizeof text, 0));
    struct sockaddr_in nobody = loopback(1);
    int fd = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    say("refused", connect(fd, (struct sockaddr *)&nobody, sizeof nobody));
    exit(0);
}

int main(void)
{
    begin();
    int listener = listening();
    struct sockaddr_in at = local_of(listener), mine = loopback(0);
    int caller = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    must("bind", bind(caller, (struct sockaddr *)&mine, sizeof mine));
    mine = local_of(caller);
    if (mkdtemp(folder) == NULL)
        must("mkdtemp", -1);
    fflush(stdout);
    pid_t worker = must("fork", fork());
    if (worker == 0)
        serve(listener, mine);
    must("connect", connect(caller, (struct sockaddr *)&at, sizeof at));
    must("send", (int)send(caller, "ping", 4, 0));
    char text[8] = "";
    must("recv", (int)recv(caller, text, 4, MSG_WAITALL));
    rmdir(folder);
    printf("worker: %d, it said %s\n", exit_status_of(worker), text);
    return 0;
}
