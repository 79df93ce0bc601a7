/*
 * The runtime ignores SIGPIPE from its start on, and a signal that is ignored stays ignored across execve. The program
 * must find what pyco-run was started with, so that is noted here: a constructor runs before the runtime does.
 */
#include <signal.h>

static int sigpipe_was_ignored;

__attribute__((constructor)) static void remember_sigpipe(void)
{
    struct sigaction inherited;

    sigpipe_was_ignored = sigaction(SIGPIPE, 0, &inherited) == 0 && inherited.sa_handler == SIG_IGN;
}

int pyco_sigpipe_was_ignored(void)
{
    return sigpipe_was_ignored;
}
