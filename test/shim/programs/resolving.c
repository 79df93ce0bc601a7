/* Names, numbers and interfaces by every function that programs use for them. */
#include "transcript.h"
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <sys/ioctl.h>

static void print_address(const struct sockaddr *address)
{
    char host[NI_MAXHOST], service[NI_MAXSERV];
    socklen_t length = address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    int error = getnameinfo(address, length, host, sizeof host, service, sizeof service, NI_NUMERICHOST | NI_NUMERICSERV);
    printf(" %s port %s\n", error == 0 ? host : gai_strerror(error), service);
}

static void look_up(const char *node, const char *service, int family, int type, int flags)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = type, .ai_flags = flags}, *found = NULL;
    int error = getaddrinfo(node, service, &hints, &found);
    printf("getaddrinfo %s %s %d %d %x: %s\n", node != NULL ? node : "-", service != NULL ? service : "-", family, type,
        flags, error == 0 ? "found" : gai_strerror(error));
    for (struct addrinfo *entry = found; error == 0 && entry != NULL; entry = entry->ai_next)
    {
        printf(" family %d type %d protocol %d length %d", entry->ai_family, entry->ai_socktype, entry->ai_protocol,
            (int)entry->ai_addrlen);
        print_address(entry->ai_addr);
    }
    if (error == 0)
        freeaddrinfo(found);
}

static void print_entry(const char *what, struct hostent *entry)
{
    char text[INET6_ADDRSTRLEN];
    if (entry == NULL)
    {
        printf("%s: nothing\n", what);
        return;
    }
    printf("%s: %s, family %d, %d octets", what, entry->h_name, entry->h_addrtype, entry->h_length);
    for (char **address = entry->h_addr_list; *address != NULL; address++)
        printf(" %s", inet_ntop(entry->h_addrtype, *address, text, sizeof text));
    printf("\n");
}

static void older_functions(void)
{
    char buffer[512];
    struct hostent entry, *result = NULL;
    int error = -1;
    in_addr_t numeric = htonl(INADDR_LOOPBACK);
    print_entry("gethostbyname", gethostbyname("10.1.2.3"));
    print_entry("gethostbyname2", gethostbyname2("localhost", AF_INET));
    say("gethostbyname_r", gethostbyname_r("10.1.2.3", &entry, buffer, sizeof buffer, &result, &error));
    print_entry("gethostbyname_r", result);
    printf("without room: %s\n", gethostbyname_r("10.1.2.3", &entry, buffer, 8, &result, &error) == ERANGE ? "ERANGE" : "?");
    say("gethostbyname2_r", gethostbyname2_r("localhost", AF_INET, &entry, buffer, sizeof buffer, &result, &error));
    print_entry("gethostbyname2_r", result);
    print_entry("gethostbyaddr", gethostbyaddr(&numeric, sizeof numeric, AF_INET));
    say("gethostbyaddr_r", gethostbyaddr_r(&numeric, sizeof numeric, AF_INET, &entry, buffer, sizeof buffer, &result, &error));
    print_entry("gethostbyaddr_r", result);
}

static void interfaces(void)
{
    struct ifaddrs *list, *entry;
    must("getifaddrs", getifaddrs(&list));
    for (entry = list; entry != NULL; entry = entry->ifa_next)
        if (strcmp(entry->ifa_name, "lo") == 0 && entry->ifa_addr != NULL && entry->ifa_addr->sa_family == AF_INET)
        {
            printf("lo: up %d, loopback %d, broadcast %d\n", (entry->ifa_flags & IFF_UP) != 0,
                (entry->ifa_flags & IFF_LOOPBACK) != 0, (entry->ifa_flags & IFF_BROADCAST) != 0);
            print_address(entry->ifa_addr);
            print_address(entry->ifa_netmask);
        }
    freeifaddrs(list);
    char name[IF_NAMESIZE];
    printf("if_nametoindex %u, if_indextoname %s\n", if_nametoindex("lo"), if_indextoname(1, name));
    printf("unknown %u, %d\n", if_nametoindex("no-such"), if_indextoname(999, name) == NULL);
    struct if_nameindex *names = if_nameindex();
    int count = 0;
    printf("if_nameindex %u %s\n", names[0].if_index, names[0].if_name);
    while (names[count].if_index != 0)
        count += if_nametoindex(names[count].if_name) == names[count].if_index ? 1 : 1000;
    printf("and so on %d, ends with NULL %d\n", count > 0 && count < 1000, names[count].if_name == NULL);
    if_freenameindex(names);
    struct ifreq request = {.ifr_name = "lo"};
    int fd = bound(SOCK_DGRAM);
    say("SIOCGIFADDR", ioctl(fd, SIOCGIFADDR, &request));
    print_address(&request.ifr_addr);
    say("SIOCGIFFLAGS", ioctl(fd, SIOCGIFFLAGS, &request));
    printf("up %d\n", (request.ifr_flags & IFF_UP) != 0);
    strcpy(request.ifr_name, "no-such");
    say("of an unknown one", ioctl(fd, SIOCGIFADDR, &request));
    int waiting = -1;
    struct sockaddr_in to = local_of(fd);
    must("sendto", (int)sendto(fd, "12345", 5, 0, (struct sockaddr *)&to, sizeof to));
    wait_for(fd, POLLIN);
    say("FIONREAD", ioctl(fd, FIONREAD, &waiting));
    printf("waiting %d\n", waiting);
}

static void back(void)
{
    struct sockaddr_in here = loopback(80), unknown = {.sin_family = AF_INET, .sin_addr = {inet_addr("192.0.2.77")}};
    char host[NI_MAXHOST] = "", service[NI_MAXSERV] = "", little[3];
    say("getnameinfo", getnameinfo((struct sockaddr *)&here, sizeof here, host, sizeof host, service, sizeof service, 0));
    printf("%s %s\n", host, service);
    printf("no room: %d\n", getnameinfo((struct sockaddr *)&here, sizeof here, little, sizeof little, NULL, 0, 0) == EAI_OVERFLOW);
    printf("NI_NAMEREQD: %d\n",
        getnameinfo((struct sockaddr *)&unknown, sizeof unknown, host, sizeof host, NULL, 0, NI_NAMEREQD | NI_NUMERICSERV) == EAI_NONAME);
    printf("wrong family: %d\n",
        getnameinfo(&(struct sockaddr){.sa_family = AF_UNIX}, sizeof here, host, sizeof host, NULL, 0, 0) == EAI_FAMILY);
}

int main(void)
{
    begin();
    look_up("10.1.2.3", "80", AF_UNSPEC, SOCK_STREAM, 0);
    look_up("10.1.2.3", "80", AF_UNSPEC, 0, 0);
    look_up("10.1.2.3", NULL, AF_INET, SOCK_DGRAM, AI_NUMERICHOST);
    look_up(NULL, "80", AF_INET, SOCK_STREAM, AI_PASSIVE);
    look_up(NULL, "80", AF_INET, SOCK_STREAM, 0);
    look_up(NULL, "80", AF_INET6, SOCK_STREAM, AI_PASSIVE);
    look_up("::1", "80", AF_UNSPEC, SOCK_STREAM, 0);
    look_up("10.1.2.3", "80", AF_INET6, SOCK_STREAM, 0);
    look_up("10.1.2.3", "80", AF_INET6, SOCK_STREAM, AI_V4MAPPED);
    look_up("localhost", "http", AF_INET, SOCK_STREAM, 0);
    look_up("no.such.name.invalid", "80", AF_INET, SOCK_STREAM, AI_NUMERICHOST);
    look_up("10.1.2.3", "no-such-service", AF_INET, SOCK_STREAM, 0);
    look_up("10.1.2.3", "http", AF_INET, SOCK_STREAM, AI_NUMERICSERV);
    look_up("10.1", "80", AF_INET, SOCK_STREAM, 0);
    look_up("10.1.2.300", "80", AF_INET, SOCK_STREAM, AI_NUMERICHOST);
    look_up(NULL, NULL, AF_INET, SOCK_STREAM, 0);
    look_up("10.1.2.3", "80", AF_UNIX, SOCK_STREAM, 0);
    older_functions();
    back();
    interfaces();
    return 0;
}
