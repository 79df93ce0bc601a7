/* Programs that forbid themselves, or the program that they become, system calls while a connection is busy: ours must not need more
   than they did. */
#include "transcript.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define JUMP(number, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, then, otherwise)
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, value)
#define LOAD_NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))

static void exchange(int fd, int times)
{
    char octet = 'x';
    for (int i = 0; i < times; i++)
    {
        must("send", (int)send(fd, &octet, 1, 0));
        must("recv", (int)recv(fd, &octet, 1, 0));
    }
}

static void filter(struct sock_filter *program, size_t length, int by_system_call)
{
    struct sock_fprog filter = {length, program};
    must("no new privileges", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    if (by_system_call)
        must("seccomp", (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter));
    else
        must("seccomp", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0));
}

static void allow_few(int by_system_call)
{
    struct sock_filter program[] = {
        LOAD_NUMBER,
        JUMP(SYS_sendto, 4, 0), JUMP(SYS_recvfrom, 3, 0), JUMP(SYS_write, 2, 0), JUMP(SYS_exit_group, 1, 0),
        ANSWER(SECCOMP_RET_KILL_PROCESS),
        ANSWER(SECCOMP_RET_ALLOW),
    };
    filter(program, sizeof program / sizeof *program, by_system_call);
}

static void forbid_few(void)
{
    struct sock_filter program[] = {
        LOAD_NUMBER,
        JUMP(SYS_sched_yield, 2, 0), JUMP(SYS_rt_sigpending, 1, 0),
        ANSWER(SECCOMP_RET_ALLOW),
        ANSWER(SECCOMP_RET_KILL_PROCESS),
    };
    filter(program, sizeof program / sizeof *program, 0);
}

static void finish(int fd)
{
    static const char done[] = "goes on\n";
    exchange(fd, 300);
    (void)!write(1, done, sizeof done - 1);
    _exit(0);
}

static void sandbox_itself(int fd, int by_system_call)
{
    exchange(fd, 300);
    allow_few(by_system_call);
    finish(fd);
}

/* Before the connection has been used at all. */
static void sandbox_early(int fd, int unused)
{
    (void)unused;
    allow_few(0);
    finish(fd);
}

static void sandbox_another(int fd, int unused)
{
    char number[16];
    (void)unused;
    snprintf(number, sizeof number, "%d", fd);
    forbid_few();
    execl("/proc/self/exe", "sandboxed", number, NULL);
    exit(1);
}

static void try(const char *what, void (*work)(int, int), int argument)
{
    int ends[2];
    puts(what);
    connection(ends);
    pid_t pid = must("fork", fork());
    if (pid == 0)
    {
        close(ends[1]);
        work(ends[0], argument);
    }
    close(ends[0]);
    char octet;
    while (recv(ends[1], &octet, 1, 0) == 1 && send(ends[1], &octet, 1, MSG_NOSIGNAL) == 1)
        ;
    printf("exit status %d\n", exit_status_of(pid));
    close(ends[1]);
}

int main(int count, char **arguments)
{
    begin();
    if (count == 2)
        finish(atoi(arguments[1]));
    try("by prctl", sandbox_itself, 0);
    try("by syscall", sandbox_itself, 1);
    try("early", sandbox_early, 0);
    try("before exec", sandbox_another, 0);
    return 0;
}
