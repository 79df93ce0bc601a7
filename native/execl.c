/*
 * execl(3), execle(3) and execlp(3) take as many arguments as the caller likes, which a C# function cannot: they are
 * gathered here, on the stack as POSIX wants it (exec is async-signal-safe), for the members of the family that the
 * library interposes in C#.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

/* How many pointers there are up to the one that is NULL. */
static size_t count_arguments(va_list *list)
{
    size_t count = 0;

    while (va_arg(*list, char *) != NULL)
        count++;
    return count;
}

/* Takes the arguments and the NULL behind them. */
static void gather(char **arguments, const char *first, va_list *list)
{
    *arguments++ = (char *)first;
    if (first == NULL)
        return;
    while ((*arguments++ = va_arg(*list, char *)) != NULL)
        ;
}

/* Declares "arguments", large enough for all that follow "argument". */
#define DECLARE_ARGUMENTS \
    va_list list; \
    va_start(list, argument); \
    size_t count = argument != NULL ? 1 + count_arguments(&list) : 0; \
    va_end(list); \
    char *arguments[count + 1]

int execl(const char *path, const char *argument, ...)
{
    DECLARE_ARGUMENTS;
    va_start(list, argument);
    gather(arguments, argument, &list);
    va_end(list);
    return execv(path, arguments);
}

int execlp(const char *file, const char *argument, ...)
{
    DECLARE_ARGUMENTS;
    va_start(list, argument);
    gather(arguments, argument, &list);
    va_end(list);
    return execvp(file, arguments);
}

int execle(const char *path, const char *argument, ...)
{
    DECLARE_ARGUMENTS;
    va_start(list, argument);
    gather(arguments, argument, &list);
    char **environment = va_arg(list, char **);
    va_end(list);
    return execve(path, arguments, environment);
}
