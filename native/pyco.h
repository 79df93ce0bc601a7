/* pyco.h: which of libc's functions libpyco.so stands before, and the environment that it reads.
   SPDX-License-Identifier: MIT */
#ifndef PYCO_H
#define PYCO_H

/* H:SECRET:MARK:PID, set by pyco-run: which stack host serves the process. Without it every call goes to libc. */
#define PYCO_HOST_VARIABLE "PYCO_HOST"

/* The host's own name, if it has one: what gethostname(2) and uname(2) tell. */
#define PYCO_HOSTNAME_VARIABLE "PYCO_HOSTNAME"

/* Not empty in the environment of a program that is started: it uses the machine's own network. */
#define PYCO_DETACH_VARIABLE "PYCO_DETACH"

/* PYCO_INTERPOSED(X) applies X to the name of each function. */
#define PYCO_INTERPOSED(X) \
    X(accept) \
    X(accept4) \
    X(bind) \
    X(connect) \
    X(__connect) \
    X(execl) \
    X(execle) \
    X(execlp) \
    X(execv) \
    X(execve) \
    X(execveat) \
    X(execvp) \
    X(execvpe) \
    X(fexecve) \
    X(freeaddrinfo) \
    X(freeifaddrs) \
    X(getaddrinfo) \
    X(gethostbyaddr) \
    X(gethostbyaddr_r) \
    X(gethostbyname) \
    X(gethostbyname2) \
    X(gethostbyname2_r) \
    X(gethostbyname_r) \
    X(gethostname) \
    X(__gethostname_chk) \
    X(getifaddrs) \
    X(getnameinfo) \
    X(getpeername) \
    X(getsockname) \
    X(getsockopt) \
    X(if_indextoname) \
    X(if_nameindex) \
    X(if_nametoindex) \
    X(ioctl) \
    X(listen) \
    X(popen) \
    X(posix_spawn) \
    X(posix_spawnp) \
    X(prctl) \
    X(read) \
    X(__read) \
    X(__read_chk) \
    X(readv) \
    X(recv) \
    X(__recv_chk) \
    X(recvfrom) \
    X(__recvfrom_chk) \
    X(recvmmsg) \
    X(recvmsg) \
    X(send) \
    X(__send) \
    X(sendmmsg) \
    X(sendmsg) \
    X(sendto) \
    X(setsockopt) \
    X(shutdown) \
    X(socket) \
    X(syscall) \
    X(system) \
    X(uname)

#endif
