/* A program that forbids itself all system calls but a few, while its connection is busy: ours must not need more than it did. */
#include "transcript.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static void exchange(int fd, int times)
{
    char octet = 'x';
    for (int i = 0; i < times; i++)
    {
        must("write", (int)write(fd, &octet, 1));
        must("read", (int)read(fd, &octet, 1));
    }
}

static void forbid(int by_system_call)
{
#define ALLOW(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(SYS_read), ALLOW(SYS_write), ALLOW(SYS_exit_group),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog filter = {sizeof program / sizeof *program, program};
    must("no new privileges", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    if (by_system_call)
        must("seccomp", (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter));
    else
        must("seccomp", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0));
}

static int child(int fd, int by_system_call)
{
    exchange(fd, 200);
    forbid(by_system_call);
    exchange(fd, 200);
    static const char done[] = "goes on\n";
    (void)!write(1, done, sizeof done - 1);
    _exit(0);
}

int main(void)
{
    begin();
    for (int by_system_call = 0; by_system_call < 2; by_system_call++)
    {
        int ends[2];
        connection(ends);
        pid_t pid = must("fork", fork());
        if (pid == 0)
            return child(ends[0], by_system_call);
        close(ends[0]);
        char octet;
        while (read(ends[1], &octet, 1) == 1 && write(ends[1], &octet, 1) == 1)
            ;
        printf("exit status %d\n", exit_status_of(pid));
        close(ends[1]);
    }
    return 0;
}
