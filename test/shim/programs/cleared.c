/* Starts itself in every way there is, each time without any environment. The child finds its parent's listener only if
   it is on the same network. */
#include "transcript.h"
#include <fcntl.h>
#include <spawn.h>

extern char **environ;

static const char *self;
static char port[12];
static char *arguments[4];
static char *nothing[] = {NULL};

static int call_parent(int parent_port)
{
    struct sockaddr_in address = loopback(parent_port);
    int fd = must("socket", socket(AF_INET, SOCK_STREAM, 0));
    int result = connect(fd, (struct sockaddr *)&address, sizeof address);
    if (result < 0)
        say("not reached", result);
    return result < 0 || send(fd, "reached", 7, 0) != 7;
}

static void by_execve(void) { execve(self, arguments, nothing); }
static void by_execve_null(void) { execve(self, arguments, NULL); }
static void by_execv(void) { environ = nothing; execv(self, arguments); }
static void by_execvp(void) { clearenv(); execvp(self, arguments); }
static void by_execvpe(void) { execvpe(self, arguments, nothing); }
static void by_execl(void) { clearenv(); execl(self, self, "--call", port, NULL); }
static void by_execlp(void) { clearenv(); execlp(self, self, "--call", port, NULL); }
static void by_execle(void) { execle(self, self, "--call", port, NULL, nothing); }
static void by_execle_long(void)
{
    execle(self, self, "--call", port, "4", "5", "6", "7", "8", "9", "10", "11", NULL, nothing);
}
static void by_fexecve(void) { fexecve(open(self, O_RDONLY | O_CLOEXEC), arguments, nothing); }
static void by_execveat(void) { execveat(AT_FDCWD, self, arguments, nothing, 0); }

static void without_preload(void)
{
    unsetenv("LD_PRELOAD");
    execv(self, arguments);
}

static void without_host(void)
{
    unsetenv("PYCO_HOST");
    execv(self, arguments);
}

static void large(void)
{
    static char *many[3001];
    for (int i = 0; i < 3000; i++)
        many[i] = "SOME=thing that a program may well put there";
    execve(self, arguments, many);
}

static void by_system(void)
{
    char command[4200];
    clearenv();
    snprintf(command, sizeof command, "exec '%s' --call %s", self, port);
    _exit(WEXITSTATUS(system(command)));
}

static void by_popen(void)
{
    char command[4200];
    clearenv();
    snprintf(command, sizeof command, "exec '%s' --call %s", self, port);
    _exit(WEXITSTATUS(pclose(popen(command, "r"))));
}

static void by_shell(void)
{
    char command[4200];
    snprintf(command, sizeof command, "env -i /bin/sh -c \"exec env -i '%s' --call %s\"", self, port);
    execl("/bin/sh", "sh", "-c", command, NULL);
}

static void expect_call(const char *how, int listener, pid_t child)
{
    char text[8] = "";
    printf("%s: %d", how, exit_status_of(child));
    int caller = ready(listener, POLLIN) != 0 ? accept(listener, NULL, NULL) : -1;
    if (caller >= 0)
        must("recv", (int)recv(caller, text, 7, MSG_WAITALL));
    printf(" %s\n", text);
    close(caller);
}

static void try(const char *how, void (*start)(void), int listener)
{
    fflush(stdout);
    pid_t child = must("fork", fork());
    if (child == 0)
    {
        start();
        _exit(say(how, -1) < 0 ? 126 : 0);
    }
    expect_call(how, listener, child);
}

static void spawn(const char *how, int listener,
    int (*call)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const *, char *const *))
{
    pid_t child = -1;
    fflush(stdout);
    errno = call(&child, self, NULL, NULL, arguments, nothing);
    expect_call(how, listener, must(how, child));
}

int main(int argc, char **argv)
{
    begin();
    if (argc >= 3)
        return call_parent(atoi(argv[2]));
    int listener = listening();
    self = argv[0];
    snprintf(port, sizeof port, "%d", ntohs(local_of(listener).sin_port));
    arguments[0] = argv[0];
    arguments[1] = "--call";
    arguments[2] = port;
    try("execve", by_execve, listener);
    try("execve without even an array", by_execve_null, listener);
    try("execv", by_execv, listener);
    try("execvp", by_execvp, listener);
    try("execvpe", by_execvpe, listener);
    try("execl", by_execl, listener);
    try("execlp", by_execlp, listener);
    try("execle", by_execle, listener);
    try("execle with many arguments", by_execle_long, listener);
    try("fexecve", by_fexecve, listener);
    try("execveat", by_execveat, listener);
    try("without LD_PRELOAD", without_preload, listener);
    try("without PYCO_HOST", without_host, listener);
    try("large environment", large, listener);
    try("system", by_system, listener);
    try("popen", by_popen, listener);
    try("env -i in a shell in env -i", by_shell, listener);
    spawn("posix_spawn", listener, posix_spawn);
    spawn("posix_spawnp", listener, posix_spawnp);
    pid_t child = vfork();
    if (child == 0)
    {
        execve(self, arguments, nothing);
        _exit(126);
    }
    expect_call("vfork", listener, child);

    /* A failing call says why, and leaves the process as it was. */
    say("no such program", execve("/nonexistent", arguments, nothing));
    say("not executable", execle("/etc/hostname", "x", NULL, nothing));
    say("in no folder", execvpe("no-such-program-here", arguments, nothing));
    printf("spawn of nothing: %s\n", strerrorname_np(posix_spawn(&child, "/nonexistent", NULL, NULL, arguments, nothing)));
    return 0;
}
