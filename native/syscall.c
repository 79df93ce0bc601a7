/*
 * syscall(2) takes as many arguments as its number says, which a C# function cannot. Programs use it for what they believe that
 * libc might not have: libuv before 1.45 for recvmmsg and sendmmsg, others for accept4 or execveat. Those among them whose
 * functions we stand before go where the functions go; all others to the kernel, by way of the next library's syscall().
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

typedef long system_call(long number, ...);

static system_call *next;

extern void pyco_before_prctl(int option);
extern void pyco_before_seccomp(void);

static long call_kernel(long number, long a, long b, long c, long d, long e, long f)
{
    long result;

#if defined(__x86_64__)
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    result = x0;
#else
#error "how does one call this processor's kernel?"
#endif
    if (result >= 0 || result < -4095)
        return result;
    errno = (int)-result;
    return -1;
}

/* What our own C# calls by the name of syscall (the linker's --wrap): it must not come back to us. */
__attribute__((visibility("hidden"))) long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    return call_kernel(number, a, b, c, d, e, f);
}

__attribute__((constructor)) static void find_next(void)
{
    next = (system_call *)dlsym(RTLD_NEXT, "syscall");
}

long syscall(long number, ...)
{
    va_list list;

    /* As libc does: six, whatever there are. */
    va_start(list, number);
    long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long);
    long d = va_arg(list, long), e = va_arg(list, long), f = va_arg(list, long);
    va_end(list);

    switch (number)
    {
    case SYS_socket: return socket((int)a, (int)b, (int)c);
    case SYS_bind: return bind((int)a, (void *)b, (socklen_t)c);
    case SYS_listen: return listen((int)a, (int)b);
    case SYS_connect: return connect((int)a, (void *)b, (socklen_t)c);
    case SYS_accept: return accept((int)a, (void *)b, (void *)c);
    case SYS_accept4: return accept4((int)a, (void *)b, (void *)c, (int)d);
    case SYS_getsockname: return getsockname((int)a, (void *)b, (void *)c);
    case SYS_getpeername: return getpeername((int)a, (void *)b, (void *)c);
    case SYS_getsockopt: return getsockopt((int)a, (int)b, (int)c, (void *)d, (void *)e);
    case SYS_setsockopt: return setsockopt((int)a, (int)b, (int)c, (void *)d, (socklen_t)e);
    case SYS_shutdown: return shutdown((int)a, (int)b);
    case SYS_sendto: return sendto((int)a, (void *)b, (size_t)c, (int)d, (void *)e, (socklen_t)f);
    case SYS_sendmsg: return sendmsg((int)a, (void *)b, (int)c);
    case SYS_sendmmsg: return sendmmsg((int)a, (void *)b, (unsigned)c, (int)d);
    case SYS_recvfrom: return recvfrom((int)a, (void *)b, (size_t)c, (int)d, (void *)e, (void *)f);
    case SYS_recvmsg: return recvmsg((int)a, (void *)b, (int)c);
    case SYS_recvmmsg: return recvmmsg((int)a, (void *)b, (unsigned)c, (int)d, (void *)e);
    case SYS_read: return read((int)a, (void *)b, (size_t)c);
    case SYS_readv: return readv((int)a, (void *)b, (int)c);
    case SYS_ioctl: return ioctl((int)a, (unsigned long)b, (void *)c);
    case SYS_prctl: pyco_before_prctl((int)a); break;
    case SYS_seccomp: pyco_before_seccomp(); break;
    case SYS_uname: return uname((void *)a);
    case SYS_execve: return execve((void *)a, (void *)b, (void *)c);
    case SYS_execveat: return execveat((int)a, (void *)b, (void *)c, (void *)d, (int)e);
    }
    return next != NULL ? next(number, a, b, c, d, e, f) : call_kernel(number, a, b, c, d, e, f);
}
